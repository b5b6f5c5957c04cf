import { openStep } from "../../make-runner/index.ts";
import { hostPlatform, type Platform } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";
import { type DefinitionChain, readChain } from "../definition/find-definition.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { findMirror, type Mirror } from "../mirror/find-mirror.ts";
import { buildLevel } from "./build-level.ts";
import { openWorkspace } from "./build-workspace.ts";
import { writeBuiltRecord } from "./built-record.ts";
import type { BuiltImage, ImageBuildOptions, ImageDependencies } from "./image-operations.ts";
import { readPin } from "./pin/pin-file.ts";
import { findPresent, inputsOf, type PresentImage } from "./present-image.ts";

/** Says whether an image of the chain may be used; throws when not. Called for each as soon as it is there, the bootstrapped one first. */
export type AcceptLevel = (located: LocatedDefinition, image: BuiltImage) => Promise<void>;

/**
 * Builds an image and those it stands on, as far as the engine does not have them from the same inputs.
 * @throws RbuildError codes `definition.*`, `mirror.*`, `image.*`, `tool.missing`
 */
export async function buildImage(
  options: ImageBuildOptions,
  dependencies: ImageDependencies,
  accept: AcceptLevel = (located, image) => warnOfPin(located, image, dependencies),
): Promise<BuiltImage> {
  const { name, mirror, force = false, signal } = options;
  const chain = await readChain(name, dependencies.imageDirectories);
  const platform = hostPlatform();
  const abort = signal === undefined ? {} : { signal };
  if (!force) {
    const present = await findChain(chain, platform, dependencies, accept);
    if (present) return present.built;
  }
  checkClock(chain);
  const step = openStep(dependencies.report, { name: "image.build", subject: name });
  try {
    await using workspace = await openWorkspace(dependencies, abort);
    let chosen: Mirror | undefined;
    const findMirrorOnce = async () => (chosen ??= await findMirror({ mirror, suite: chain.bootstrap.suite, ...abort }));
    let parent: PresentImage | undefined;
    for (const [index, located] of chain.images.entries()) {
      signal?.throwIfAborted();
      const isLast = index === chain.images.length - 1;
      const inputs = await inputsOf(chain, index, parent?.built, platform);
      // Another rbuild may have built it while this one waited for its turn.
      const present = force && isLast ? undefined : await findPresent(located, inputs, dependencies);
      const level =
        present ?? (await buildLevel({ chain, index, parent, platform, inputs, findMirror: findMirrorOnce }, { ...workspace, parentStep: step.id }));
      if (!present) {
        await writeBuiltRecord(dependencies.stateDirectory, level.built);
        dependencies.report({ kind: "image.built", ...level.built });
      }
      await accept(located, level.built);
      parent = level;
    }
    if (!parent) throw new TypeError("a chain of definitions is not empty");
    step.finish();
    return parent.built;
  } catch (error) {
    step.fail(error);
    throw error;
  }
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

/** The last image of a chain when the engine has all of them as defined. */
async function findChain(chain: DefinitionChain, platform: Platform, dependencies: ImageDependencies, accept: AcceptLevel): Promise<PresentImage | undefined> {
  const found: PresentImage[] = [];
  for (const [index, located] of chain.images.entries()) {
    const present = await findPresent(located, await inputsOf(chain, index, found.at(-1)?.built, platform), dependencies);
    if (!present) return undefined;
    found.push(present);
  }
  for (const [index, located] of chain.images.entries()) {
    const present = found[index];
    if (present) await accept(located, present.built);
  }
  const step = openStep(dependencies.report, { name: "image.build", subject: found.at(-1)?.built.name ?? "" });
  step.finish("cached");
  return found.at(-1);
}

/** Files made by the build get the time of SOURCE_DATE_EPOCH because they are younger; with a clock behind it they would not be. */
function checkClock({ sourceDateEpochs, images }: DefinitionChain): void {
  const epoch = Math.max(...sourceDateEpochs);
  if (Date.now() / 1000 >= epoch) return;
  throw new RbuildError(
    "image.clock-behind",
    `this host's clock says ${new Date().toISOString()}, which is before the SOURCE_DATE_EPOCH of ${images.at(-1)?.definition.name ?? ""}, ${new Date(epoch * 1000).toISOString()}`,
    { category: "unavailable", hint: "set the clock: date -u --set '…'" },
  );
}
