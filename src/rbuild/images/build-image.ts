import { openStep } from "../../make-runner/index.ts";
import { hostPlatform, type Platform } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import type { LockedChain } from "../lock/lock-operations.ts";
import { readLockedChain } from "../lock/locked-chain.ts";
import { writeBuiltRecord } from "./built-record.ts";
import type { BuiltImage, ImageBuildOptions, ImageDependencies } from "./image-operations.ts";
import { explainFullDisk } from "./no-space.ts";
import { readPin } from "./pin/pin-file.ts";
import { findPresent, inputsOf, type PresentImage } from "./present-image.ts";

/** Says whether an image of the chain may be used; throws when not. Called for each as soon as it is there, the first level first. */
export type AcceptLevel = (located: LocatedDefinition, image: BuiltImage) => Promise<void>;

/**
 * Builds an image and those it stands on from their locks and the pool, as far as the engine does not have them from the same inputs.
 * @throws RbuildError codes `definition.*`, `lock.*`, `pool.*`, `package.*`, `image.*`, `mirror.*` (only where the pool lacks something)
 */
export async function buildImage(
  options: ImageBuildOptions,
  dependencies: ImageDependencies,
  accept: AcceptLevel = (located, image) => warnOfPin(located, image, dependencies),
): Promise<BuiltImage> {
  const { name, force = false } = options;
  const chain = await readLockedChain(name, { imageDirectories: dependencies.imageDirectories });
  const platform = hostPlatform();
  if (!force) {
    const present = await findChain(chain, platform, dependencies, accept);
    if (present) return present.built;
  }
  checkClock(chain);
  const step = openStep(dependencies.report, { name: "image.build", subject: name });
  try {
    const built = await buildChain(chain, platform, options, { dependencies, accept, parentStep: step.id });
    step.finish();
    return built;
  } catch (error) {
    const explained = explainFullDisk(error, name);
    step.fail(explained);
    throw explained;
  }
}

async function buildChain(
  chain: LockedChain,
  platform: Platform,
  options: ImageBuildOptions,
  { dependencies, accept, parentStep }: { readonly dependencies: ImageDependencies; readonly accept: AcceptLevel; readonly parentStep: string },
): Promise<BuiltImage> {
  // Loaded late: most calls find their image.
  const [{ openWorkspace }, { buildLevel }, { fillForLevel }] = await Promise.all([
    import("./build-workspace.ts"),
    import("./build-level.ts"),
    import("./fill-level.ts"),
  ]);
  const { force = false, signal } = options;
  await using workspace = await openWorkspace(dependencies, signal === undefined ? {} : { signal });
  let parent: PresentImage | undefined;
  for (const [index, image] of chain.images.entries()) {
    signal?.throwIfAborted();
    const { located } = image;
    const isLast = index === chain.images.length - 1;
    const inputs = await inputsOf(chain, index, parent?.built, platform);
    // Another rbuild may have built it while this one waited for its turn.
    let level = force && isLast ? undefined : await findPresent(located, inputs, dependencies);
    if (!level) {
      const pool = await fillForLevel(image, chain.images.slice(0, index + 1), options, dependencies);
      level = await buildLevel({ chain, index, parent, platform, inputs, pool }, { ...workspace, parentStep });
      await writeBuiltRecord(dependencies.stateDirectory, level.built, inputs);
      dependencies.report({ kind: "image.built", ...level.built });
    }
    await accept(located, level.built);
    parent = level;
  }
  if (!parent) throw new TypeError("a chain of definitions is not empty");
  return parent.built;
}

/** Whoever only builds may have changed the definition on purpose. */
async function warnOfPin({ directory }: LocatedDefinition, { name, version, digest }: BuiltImage, { report }: ImageDependencies): Promise<void> {
  const pin = await readPin(directory);
  if (!pin || (pin.version === version && pin.architecture === hostPlatform().architecture && pin.digest === digest)) return;
  report({
    kind: "warning.raised",
    code: "image.not-pinned",
    message: `${name} ${version} has the digest ${digest}; pinned is ${pin.version} with ${pin.digest}`,
    hint: `rbuild image pin ${name}`,
  });
}

/** The last image of a chain when the engine has all of them as they are locked and defined. */
async function findChain(chain: LockedChain, platform: Platform, dependencies: ImageDependencies, accept: AcceptLevel): Promise<PresentImage | undefined> {
  const found: PresentImage[] = [];
  for (const [index, { located }] of chain.images.entries()) {
    const present = await findPresent(located, await inputsOf(chain, index, found.at(-1)?.built, platform), dependencies);
    if (!present) return undefined;
    found.push(present);
  }
  for (const [index, { located }] of chain.images.entries()) {
    const present = found[index];
    if (present) await accept(located, present.built);
  }
  const step = openStep(dependencies.report, { name: "image.build", subject: found.at(-1)?.built.name ?? "" });
  step.finish("cached");
  return found.at(-1);
}

/** Files made by the build get the time of SOURCE_DATE_EPOCH because they are younger; with a clock behind it they would not be. */
function checkClock({ images }: LockedChain): void {
  const epoch = Math.max(...images.map(({ lock }) => lock.sourceDateEpoch));
  if (Date.now() / 1000 >= epoch) return;
  throw new RbuildError(
    "image.clock-behind",
    `this host's clock says ${new Date().toISOString()}, which is before the SOURCE_DATE_EPOCH of ${images.at(-1)?.located.definition.name ?? ""}, ${new Date(epoch * 1000).toISOString()}`,
    { category: "unavailable", hint: "set the clock: date -u --set '…'" },
  );
}
