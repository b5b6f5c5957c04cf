import { hostPlatform } from "../../oci/index.ts";
import { readPin } from "../images/pin/pin-file.ts";
import { unpinned } from "../images/pin/pin-refusal.ts";
import type { RbuildYaml } from "../iso/config/schema.ts";
import { PROXY_IMAGE } from "../iso/proxy/proxy-container.ts";
import type { LockedDefinition } from "../lock/lock-operations.ts";
import { readLockedChain } from "../lock/locked-chain.ts";
import { imagesOf } from "../pool/locked-images.ts";
import type { CapsuleManifest } from "./capsule-manifest.ts";

/**
 * The images that a tree's build needs and those that they stand on, each after the one below.
 * @throws RbuildError codes `lock.*`, `definition.*`
 */
export async function imagesOfTree(config: Pick<RbuildYaml, "builder" | "network">, imageDirectories: readonly string[]): Promise<LockedDefinition[]> {
  const names = [config.builder, ...(config.network === "none" ? [] : [PROXY_IMAGE])];
  return imagesOf(await Promise.all(names.map((name) => readLockedChain(name, { imageDirectories }))));
}

/** What each image must become. @throws RbuildError `image.unpinned`, `image.pin-invalid` */
export async function pinnedImages(images: readonly LockedDefinition[]): Promise<CapsuleManifest["images"]> {
  return Promise.all(
    images.map(async ({ located: { definition, directory }, lockDigest }) => {
      const { name, version } = definition;
      const pin = await readPin(directory);
      if (!pin || pin.version !== version || pin.architecture !== hostPlatform().architecture) throw unpinned(name);
      return { name, version, lock: lockDigest, digest: pin.digest, imageId: pin.imageId } as CapsuleManifest["images"][number];
    }),
  );
}
