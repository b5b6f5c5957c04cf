import { canonicalJson, type Digest, digestHex, type JsonValue, MEDIA_TYPE, parseManifest } from "../../../oci/index.ts";
import { byteString, type TarInput, tarHeader, writeTar } from "../../../system/tar/index.ts";
import type { ImageBlobs } from "./image-blobs.ts";
import { openBlob, type SavedBlob, type StreamedBlob } from "./saved-blobs.ts";

/**
 * An image as one archive that `docker load` (by `manifest.json`) and OCI tools (by `index.json`) read: OCI image-spec, image-layout.md.
 * The small files come first, so that a reader knows what the layers are before they come.
 * @param layers those that the engine does not have already
 */
export function writeImageArchive(image: ImageBlobs, layers: readonly (SavedBlob | StreamedBlob)[], reference: string): AsyncIterable<Buffer> {
  const text = (path: string, value: JsonValue): TarInput => file(path, Buffer.from(canonicalJson(value)));
  const descriptor = {
    mediaType: MEDIA_TYPE.manifest,
    digest: image.digest,
    size: image.manifest.byteLength,
    annotations: { "org.opencontainers.image.ref.name": reference },
  };
  const unique = new Map(layers.map((layer) => [layer.digest, layer]));
  return writeTar([
    text("oci-layout", { imageLayoutVersion: "1.0.0" }),
    text("index.json", { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [descriptor] }),
    text("manifest.json", [
      { Config: blobPath(image.imageId), RepoTags: [reference], Layers: parseManifest(image.manifest).layers.map(({ digest }) => blobPath(digest)) },
    ]),
    file(blobPath(image.digest), image.manifest),
    file(blobPath(image.imageId), image.config),
    ...[...unique.values()].map((layer) => ({ ...header(blobPath(layer.digest), layer.size), body: readLayer(layer) })),
  ]);
}

const blobPath = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;
const header = (path: string, size: number) => tarHeader({ path: byteString(path), kind: "file", mode: 0o644, size });
const file = (path: string, bytes: Uint8Array): TarInput => ({ ...header(path, bytes.byteLength), body: [bytes] });

/** Opens the layer only when its turn comes. */
async function* readLayer(layer: SavedBlob | StreamedBlob): AsyncGenerator<Uint8Array, void, undefined> {
  yield* openBlob(layer);
}
