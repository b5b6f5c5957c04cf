import { asDiffId, type Descriptor, hostPlatform, type ImageConfig, MEDIA_TYPE } from "../../oci/index.ts";
import type { Clock } from "../../system/index.ts";
import type { ByteStream, ContentStore } from "../content/content-store.ts";
import { decompress } from "../content/decompress.ts";
import type { Snapshotter } from "../snapshots/snapshotter.ts";
import { createImage } from "./create-image.ts";
import type { ImageStore } from "./image.ts";

export type ImportOptions = NonNullable<Parameters<ImageStore["importRootfs"]>[1]>;

/** Stores a root file system tar, plain or compressed, as the only layer of a new image. @returns the manifest's descriptor */
export async function importRootfs(
  tar: ByteStream,
  store: { readonly content: ContentStore; readonly snapshots: Snapshotter; readonly clock: Clock },
  options: ImportOptions,
): Promise<Descriptor> {
  const signal = options.signal ? { signal: options.signal } : {};
  const layer = await store.content.ingest(decompress(tar, signal), {}, signal);
  const diffId = asDiffId(layer.digest);
  // Shows at once whether it is a tar that can be a root file system.
  await store.snapshots.apply({ tar: store.content.open(layer, signal), diffId }, signal);
  const created = options.created ?? store.clock.now().toISOString();
  const platform = options.platform ?? hostPlatform();
  const config: ImageConfig = {
    created,
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    config: options.config ?? {},
    rootfs: { type: "layers", diff_ids: [diffId] },
    history: [{ created, comment: options.comment ?? "imported root file system" }],
  };
  return createImage(store.content, { config, layers: [{ mediaType: MEDIA_TYPE.layer, ...layer }] });
}
