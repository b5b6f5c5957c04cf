import {
  type ContainerDefaults,
  canonicalJson,
  type Digest,
  digestOf,
  type ImageConfig,
  type JsonValue,
  type Manifest,
  MEDIA_TYPE,
  type Platform,
} from "../../../oci/index.ts";

/** A layer by its digest, which is its diff id as well, and its size in bytes. */
export interface LayerValue {
  readonly digest: Digest;
  readonly size: number;
}

/** One image of a chain, for the history. */
export interface LayerOrigin {
  readonly name: string;
  readonly version: string;
  /** Seconds since 1970. */
  readonly sourceDateEpoch: number;
}

/** Config and manifest of an image, as the bytes that their digests cover. */
export interface ImageBlobs {
  readonly config: Uint8Array;
  readonly manifest: Uint8Array;
  /** Digest of the manifest. */
  readonly digest: Digest;
  /** Digest of the config. */
  readonly imageId: Digest;
  /** Bytes of all layers. */
  readonly size: number;
}

/** @param origins where each layer came from, bottom first, as many as layers */
export function encodeImage(platform: Platform, defaults: ContainerDefaults, layers: readonly LayerValue[], origins: readonly LayerOrigin[]): ImageBlobs {
  const created = origins.map(({ sourceDateEpoch }) => timeText(sourceDateEpoch));
  const last = created.at(-1);
  const config: ImageConfig = {
    ...(last === undefined ? {} : { created: last }),
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    os: platform.os,
    config: defaults,
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) as unknown as ImageConfig["rootfs"]["diff_ids"] },
    history: origins.map(({ name, version }, index) => ({
      created: created[index] ?? "",
      created_by: `rbuild image build ${name}`,
      comment: `${name} ${version}`,
    })),
  };
  const configBytes = Buffer.from(canonicalJson(config as JsonValue));
  const manifestBytes = encodeManifest({ digest: digestOf(configBytes), size: configBytes.byteLength }, layers);
  return {
    config: configBytes,
    manifest: manifestBytes,
    digest: digestOf(manifestBytes),
    imageId: digestOf(configBytes),
    size: layers.reduce((sum, { size }) => sum + size, 0),
  };
}

/** @param layers bottom first */
export function encodeManifest(config: LayerValue, layers: readonly LayerValue[]): Uint8Array {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: { mediaType: MEDIA_TYPE.config, digest: config.digest, size: config.size },
    layers: layers.map(({ digest, size }) => ({ mediaType: MEDIA_TYPE.layer, digest, size })),
  };
  return Buffer.from(canonicalJson(manifest as JsonValue));
}

/** RFC 3339, whole seconds. */
function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
