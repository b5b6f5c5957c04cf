import { digestOf, type ImageConfig, type Manifest, MEDIA_TYPE, OciFormatError, parseImageConfig, parseManifest } from "../../../oci/index.ts";
import type { ImageBlobs } from "../../images/assemble/image-blobs.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";
import { untrusted } from "./refusals.ts";
import type { PublishedImage } from "./select-image.ts";

/**
 * Whether manifest and config are what the index says of the image: its layers in their order and sizes, uncompressed, and its
 * architecture. @throws RbuildError `trust.wrong-image`
 */
export function checkImage(image: PublishedImage, { manifest, config }: Pick<ImageBlobs, "manifest" | "config">, index: RepositoryIndex): ImageBlobs {
  const refuse = (why: string) =>
    untrusted("trust.wrong-image", `${image.name} ${image.version} is not what the index says: ${why}`, { name: image.name, version: image.version });
  let described: Manifest;
  let configured: ImageConfig;
  try {
    described = parseManifest(manifest);
    configured = parseImageConfig(config);
  } catch (error) {
    throw error instanceof OciFormatError ? refuse(error.message) : error;
  }
  if (digestOf(manifest) !== image.manifest) throw refuse("the manifest has another digest");
  if (digestOf(config) !== image.config || described.config.digest !== image.config) throw refuse("the manifest names another config");
  const layers = described.layers.map(({ digest }) => digest);
  if (!isSame(layers, image.layers)) throw refuse("the manifest names other layers");
  if (!isSame(configured.rootfs.diff_ids, image.layers)) throw refuse("the config names other layers");
  if (configured.architecture !== image.architecture || configured.os !== "linux") throw refuse(`it is for ${configured.os} on ${configured.architecture}`);
  const sizes = new Map(index.blobs.map(({ digest, size }) => [digest, size]));
  for (const { digest, size, mediaType } of described.layers) {
    if (sizes.get(digest) !== size) throw refuse(`the manifest gives the layer ${digest} ${size} bytes, the index ${sizes.get(digest)}`);
    if (mediaType !== MEDIA_TYPE.layer) throw refuse(`its layer ${digest} is not an uncompressed tar but ${mediaType}`);
  }
  const size = described.layers.reduce((sum, layer) => sum + layer.size, 0);
  return { manifest, config, digest: image.manifest, imageId: image.config, size };
}

const isSame = (left: readonly string[], right: readonly string[]): boolean => left.length === right.length && left.every((each, at) => each === right[at]);
