import { type ChainId, chainIds, layerCompression } from "../../oci/index.ts";
import type { ByteStream, ContentStore } from "../content/content-store.ts";
import { decompressed } from "../content/decompress.ts";
import { type Snapshotter, snapshotKey } from "../snapshots/snapshotter.ts";
import type { Image } from "./image.ts";
import { imageInvalid } from "./image-errors.ts";

type Unpackable = Pick<Image, "manifest" | "config">;

/** Makes the snapshots of an image's layers that are missing. @returns the top one's chain id, undefined for an image of no layers */
export async function unpackImage(
  image: Unpackable,
  store: { readonly content: ContentStore; readonly snapshots: Snapshotter },
  options: { readonly signal?: AbortSignal } = {},
): Promise<ChainId | undefined> {
  const diffIds = image.config.rootfs.diff_ids;
  const chain = chainIds(diffIds);
  const top = chain.at(-1);
  // A snapshot keeps all below it.
  if (top === undefined || (await store.snapshots.stat(snapshotKey(top)))) return top;
  for (const [index, diffId] of diffIds.entries()) {
    const [key, parent] = [chain[index], chain[index - 1]];
    if (key === undefined || (await store.snapshots.stat(snapshotKey(key)))) continue;
    await store.snapshots.apply({ tar: layerTar(image, index, store.content, options), diffId, ...(parent === undefined ? {} : { parent }) }, options);
  }
  return top;
}

/** The uncompressed tar of a layer; what is stored is verified, what comes out is for the reader to verify. */
export function layerTar(image: Unpackable, index: number, content: ContentStore, options: { readonly signal?: AbortSignal } = {}): ByteStream {
  const descriptor = image.manifest.layers[index];
  const compression = descriptor && layerCompression(descriptor.mediaType);
  if (descriptor === undefined || compression === undefined) throw imageInvalid("the image", `layer ${index} is missing or of an unknown type`);
  return decompressed(content.open(descriptor, options), compression, options);
}
