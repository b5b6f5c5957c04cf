import {
  asImageId,
  type Descriptor,
  type ImageConfig,
  layerCompression,
  MAX_CONFIG_BYTES,
  MAX_MANIFEST_BYTES,
  OciFormatError,
  type Platform,
  parseArchitecture,
  parseImageConfig,
  parseManifest,
} from "../../oci/index.ts";
import type { ContentStore } from "../content/content-store.ts";
import type { Image } from "./image.ts";
import { imageInvalid } from "./image-errors.ts";

/** Everything of an image but its names, which can change. */
export type ImageContent = Omit<Image, "references">;

/**
 * Reads manifest and config, verified, and checks that they fit each other.
 * @throws RbuildError `content.not-found`, `content.corrupt`, `image.invalid`
 */
export async function openImage(content: ContentStore, manifestDescriptor: Descriptor): Promise<ImageContent> {
  const subject = `the image ${manifestDescriptor.digest}`;
  try {
    const manifest = parseManifest(await content.read(manifestDescriptor.digest, MAX_MANIFEST_BYTES));
    const config = parseImageConfig(await content.read(manifest.config.digest, MAX_CONFIG_BYTES));
    if (config.rootfs.diff_ids.length !== manifest.layers.length) {
      throw imageInvalid(subject, `its manifest has ${manifest.layers.length} layers and its config ${config.rootfs.diff_ids.length}`);
    }
    for (const { mediaType } of manifest.layers) {
      if (layerCompression(mediaType) === undefined) throw imageInvalid(subject, `it has a layer of the unknown type ${JSON.stringify(mediaType)}`);
    }
    return {
      id: asImageId(manifest.config.digest),
      manifestDescriptor,
      manifest,
      config,
      platform: platformOf(config),
      size: manifest.layers.reduce((sum, { size }) => sum + size, 0),
    };
  } catch (error) {
    throw error instanceof OciFormatError ? imageInvalid(subject, error.message, error) : error;
  }
}

function platformOf(config: ImageConfig): Platform {
  if (config.os !== "linux") throw new OciFormatError("image config, os", `${JSON.stringify(config.os)} is not linux`);
  return { os: "linux", architecture: parseArchitecture(config.architecture), ...(config.variant === undefined ? {} : { variant: config.variant }) };
}
