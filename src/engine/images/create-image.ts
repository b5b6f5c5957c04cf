import { canonicalJson, type Descriptor, type ImageConfig, type JsonValue, type Manifest, MEDIA_TYPE } from "../../oci/index.ts";
import type { ContentStore } from "../content/content-store.ts";
import { imageIncomplete, imageInvalid } from "./image-errors.ts";

export interface ImageParts {
  readonly config: ImageConfig;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Writes config and manifest in canonical form. @returns the manifest's descriptor. @throws RbuildError `image.invalid`, `image.incomplete` */
export async function createImage(content: ContentStore, parts: ImageParts): Promise<Descriptor> {
  const bytes = Buffer.from(canonicalJson(parts.config as unknown as JsonValue));
  const { digest, size } = await content.ingest(bytes);
  return createManifest(content, { ...parts, configDescriptor: { mediaType: MEDIA_TYPE.config, digest, size } });
}

/** The manifest for a config that is stored already. */
export async function createManifest(content: ContentStore, parts: ImageParts & { readonly configDescriptor: Descriptor }): Promise<Descriptor> {
  const { config, layers, annotations, configDescriptor } = parts;
  const subject = `the image with the config ${configDescriptor.digest}`;
  if (layers.length !== config.rootfs.diff_ids.length) {
    throw imageInvalid(subject, `it has ${layers.length} layers and its config ${config.rootfs.diff_ids.length}`);
  }
  for (const layer of layers) if ((await content.stat(layer.digest))?.size !== layer.size) throw imageIncomplete(subject, layer.digest);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: configDescriptor,
    layers: [...layers],
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations: { ...annotations } } : {}),
  };
  const blob = await content.ingest(Buffer.from(canonicalJson(manifest as unknown as JsonValue)));
  return {
    mediaType: MEDIA_TYPE.manifest,
    ...blob,
    platform: { os: config.os, architecture: config.architecture, ...(config.variant === undefined ? {} : { variant: config.variant }) },
  };
}
