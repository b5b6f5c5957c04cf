import { withStep } from "../../make-runner/index.ts";
import { RbuildError } from "../../system/index.ts";
import { readDefinitions } from "../definition/find-definition.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { buildImage } from "./build-image.ts";
import { checkLocatedPin } from "./check-pin.ts";
import type { IdentifyDependencies } from "./identify-image.ts";
import type { EnsuredImage, EnsureImageOptions, ImageDependencies, ImagePin, PinVerdict, RepositoryChoice } from "./image-operations.ts";
import { inspectImage, isImage } from "./inspect-image.ts";
import { pinMismatch, unpinned } from "./pin/pin-refusal.ts";
import { imageReference } from "./present-image.ts";

/**
 * Makes sure that the pinned image is in the engine: one that is there is checked, one that is absent is fetched from a repository, where one
 * is named, else reproduced from its lock. Whichever way, it is accepted only when it is exactly the pinned one, and so is every image below
 * it that is there.
 * @throws RbuildError `image.pin-mismatch`, `image.unpinned` unless `allowMismatch`; and those of `buildImage`
 */
export async function ensureImage(options: EnsureImageOptions, dependencies: ImageDependencies): Promise<EnsuredImage> {
  const chain = await readDefinitions(options.name, dependencies.imageDirectories);
  const { verdict, refusal } = await withStep(dependencies.report, { name: "image.check", subject: options.name }, async () => {
    const checked = await checkChain(chain, { ...dependencies, ...(options.signal ? { signal: options.signal } : {}) });
    if (checked.refusal && !options.allowMismatch) throw checked.refusal;
    return checked;
  });
  const ensured =
    verdict.kind === "absent" || verdict.kind === "unpinned" ? await obtain(options, verdict, dependencies) : await takePresent(verdict, dependencies);
  const result: EnsuredImage =
    refusal && ensured.kind === "exact"
      ? { kind: "overridden", pin: ensured.pin, reason: refusal.message, reference: ensured.reference, imageId: ensured.imageId }
      : ensured;
  dependencies.report({
    kind: "image.accepted",
    name: options.name,
    digest: result.kind === "exact" ? result.pin.digest : result.imageId,
    how: result.kind === "exact" ? result.how : "override",
  });
  return result;
}

/** The verdict on the image itself, and why the chain is refused, if it is. */
async function checkChain(
  chain: readonly LocatedDefinition[],
  dependencies: IdentifyDependencies,
): Promise<{ verdict: PinVerdict; refusal: RbuildError | undefined }> {
  let verdict: PinVerdict | undefined;
  let refusal: RbuildError | undefined;
  for (const located of chain) {
    verdict = await checkLocatedPin(located, dependencies);
    if (verdict.kind === "different") refusal ??= pinMismatch(verdict.pin, verdict.found, "present");
  }
  if (!verdict) throw new TypeError("a chain of definitions is not empty");
  if (verdict.kind === "unpinned") refusal ??= unpinned(verdict.name);
  return { verdict, refusal };
}

async function takePresent(verdict: PinVerdict & { kind: "exact" | "different" }, { containerHost }: ImageDependencies): Promise<EnsuredImage> {
  const { pin } = verdict;
  const reference = imageReference(pin);
  if (verdict.kind === "different") {
    return { kind: "overridden", pin, reason: pinMismatch(pin, verdict.found, "present").message, reference, imageId: verdict.found.imageId };
  }
  const found = (await inspectImage(containerHost, reference)) ?? (await inspectImage(containerHost, pin.imageId));
  return { kind: "exact", how: "present", pin, reference, imageId: found?.Id ?? pin.imageId };
}

/** An image that the engine does not have: the one place where it comes from. */
async function obtain(
  options: EnsureImageOptions,
  verdict: PinVerdict & { kind: "absent" | "unpinned" },
  dependencies: ImageDependencies,
): Promise<EnsuredImage> {
  const fetched =
    verdict.kind === "absent" && options.repositories ? await fetchPublished(options.repositories, verdict.pin, options, dependencies) : undefined;
  return fetched ?? reproduce(options, verdict, dependencies);
}

/** From a repository, if there is one that has exactly the pinned image; else undefined, and a warning says why. */
async function fetchPublished(
  choice: RepositoryChoice,
  pin: ImagePin,
  { offline, sources, signal }: EnsureImageOptions,
  dependencies: ImageDependencies,
): Promise<EnsuredImage | undefined> {
  const { fetchPinned } = await import("../repository/fetch/fetch-pinned.ts");
  try {
    const fetched = await fetchPinned(pin, choice, { offline: offline ?? false, ...(sources ? { sources } : {}), ...(signal ? { signal } : {}) }, dependencies);
    if (!fetched) return undefined;
    const found = await inspectImage(dependencies.containerHost, fetched.reference);
    if (!found || !isImage(found, pin)) throw pinMismatch(pin, { imageId: found?.Id ?? "nothing", digest: undefined }, "published");
    return { kind: "exact", how: fetched.how === "packages" ? "reproduced" : "fetched", pin, reference: fetched.reference, imageId: found.Id };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof RbuildError) || (choice.isExplicit && error.category === "untrusted")) throw error;
    dependencies.report({
      kind: "warning.raised",
      code: error.code,
      message: `${pin.name} ${pin.version} is built from its lock, because it cannot be fetched: ${error.message}`,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
    return undefined;
  }
}

/** Builds it from its lock. */
async function reproduce(
  { allowMismatch, ...options }: EnsureImageOptions,
  verdict: PinVerdict & { kind: "absent" | "unpinned" },
  dependencies: ImageDependencies,
): Promise<EnsuredImage> {
  let refusal: RbuildError | undefined;
  const built = await buildImage(options, dependencies, async (located) => {
    const level = await checkLocatedPin(located, dependencies);
    if (level.kind !== "different") return;
    refusal ??= pinMismatch(level.pin, level.found, "reproduced");
    if (!allowMismatch) throw refusal;
  });
  const found = await inspectImage(dependencies.containerHost, built.reference);
  const named = { reference: built.reference, imageId: found?.Id ?? built.imageId };
  if (verdict.kind === "unpinned") return { kind: "overridden", pin: undefined, reason: unpinned(options.name).message, ...named };
  if (refusal) return { kind: "overridden", pin: verdict.pin, reason: refusal.message, ...named };
  return { kind: "exact", how: "reproduced", pin: verdict.pin, ...named };
}
