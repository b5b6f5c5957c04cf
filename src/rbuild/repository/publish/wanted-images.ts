import { type Digest, hostPlatform } from "../../../oci/index.ts";
import { listDefinitions } from "../../definition/find-definition.ts";
import { readPin } from "../../images/pin/pin-file.ts";
import { unpinned } from "../../images/pin/pin-refusal.ts";
import type { LockedChain } from "../../lock/lock-operations.ts";
import { readLockedChain } from "../../lock/locked-chain.ts";

/** An image that is to be in the repository: exactly this one. */
export interface WantedImage {
  readonly name: string;
  readonly version: string;
  readonly architecture: LockedChain["architecture"];
  /** Of the pinned manifest and config. */
  readonly manifest: Digest;
  readonly config: Digest;
  /** It and those it stands on, bottom first, with their locks. */
  readonly chain: LockedChain;
}

/**
 * The pinned images of these names, or of all definitions.
 * @throws RbuildError `image.unpinned`, `image.pin-invalid`, codes `definition.*`, `lock.*`
 */
export async function readWanted(names: readonly string[], imageDirectories: readonly string[]): Promise<WantedImage[]> {
  const defined = names.length > 0 ? [...new Set(names)] : (await listDefinitions(imageDirectories)).map(({ definition }) => definition.name);
  const wanted: WantedImage[] = [];
  for (const name of defined) {
    const chain = await readLockedChain(name, { imageDirectories });
    const located = chain.images.at(-1)?.located;
    const pin = located && (await readPin(located.directory));
    const version = located?.definition.version;
    if (!pin || pin.name !== name || pin.version !== version || pin.architecture !== hostPlatform().architecture) throw unpinned(name);
    wanted.push({ name, version: pin.version, architecture: chain.architecture, manifest: pin.digest as Digest, config: pin.imageId as Digest, chain });
  }
  return wanted;
}
