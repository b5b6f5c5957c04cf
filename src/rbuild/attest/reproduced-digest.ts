import { type Digest, hostPlatform, isDigest } from "../../oci/index.ts";
import { buildImage } from "../images/build-image.ts";
import { readBuiltRecord } from "../images/built-record.ts";
import type { BuiltImage, ImageBuildOptions, ImageDependencies } from "../images/image-operations.ts";
import { digestOfInputs, type ImageInputs } from "../images/inputs/collect-inputs.ts";
import { inputsOf } from "../images/present-image.ts";
import type { LockedChain } from "../lock/lock-operations.ts";

/** What this machine itself made of a chain of locks. */
export type Reproduced =
  | { readonly kind: "reproduced"; readonly digest: Digest }
  /** An image of the chain was not built here, or from something else. */
  | { readonly kind: "not-built-here"; readonly name: string };

/**
 * The digest of the chain's last image, when each image of it was built on this machine from its lock as it is now: not fetched, and not on
 * top of one that was.
 */
export async function reproducedDigest(chain: LockedChain, { stateDirectory }: Pick<ImageDependencies, "stateDirectory">): Promise<Reproduced> {
  const platform = hostPlatform();
  let below: BuiltImage | undefined;
  for (const [index, { located }] of chain.images.entries()) {
    const { name, version } = located.definition;
    const record = await readBuiltRecord(stateDirectory, name);
    const inputs = await inputsOf(chain, index, below, platform);
    if (!record || record.built.version !== version || digestOfInputs(record.inputs as unknown as ImageInputs) !== digestOfInputs(inputs))
      return { kind: "not-built-here", name };
    below = record.built;
  }
  if (!below || !isDigest(below.digest)) throw new TypeError("a chain of images is not empty");
  return { kind: "reproduced", digest: below.digest };
}

/** Builds every image of a chain, bottom first, although it may be there. @throws RbuildError those of `buildImage` */
export async function rebuildChain(
  { images }: LockedChain,
  options: Omit<ImageBuildOptions, "name" | "force">,
  dependencies: ImageDependencies,
): Promise<void> {
  for (const { located } of images) await buildImage({ ...options, name: located.definition.name, force: true }, dependencies);
}
