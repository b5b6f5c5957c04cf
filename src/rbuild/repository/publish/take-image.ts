import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestOf, isDigest, MAX_CONFIG_BYTES, parseImageConfig } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { encodeManifest } from "../../images/assemble/image-blobs.ts";
import { fetchSavedBlobs, type SavedBlob } from "../../images/assemble/saved-blobs.ts";
import { inspectImage, isImage } from "../../images/inspect-image.ts";
import { pinMismatch } from "../../images/pin/pin-refusal.ts";
import { imageReference } from "../../images/present-image.ts";
import type { OriginLayer } from "./pair-layers.ts";
import type { WantedImage } from "./wanted-images.ts";

/** A pinned image as the engine gave it, verified down to the manifest's digest. */
export interface TakenImage {
  readonly manifest: Uint8Array;
  readonly config: Uint8Array;
  /** Bottom first. */
  readonly layers: readonly (OriginLayer & { readonly size: number })[];
  /** The layers that were asked for, in files. */
  readonly files: ReadonlyMap<Digest, SavedBlob>;
}

/**
 * Gets an image from the engine. Only the layers whose size is not known yet are kept.
 * @param known sizes of the layers that the repository has
 * @param directory for files, made here
 * @throws RbuildError `image.pin-mismatch`, `repository.image-absent` (exit code 4), `repository.image-incomplete`
 */
export async function takeImage(
  wanted: WantedImage,
  known: ReadonlyMap<Digest, number>,
  {
    host,
    directory,
    onBytes,
    signal,
  }: { readonly host: ContainerHost; readonly directory: string; readonly onBytes?: (bytes: number, of: number) => void; readonly signal?: AbortSignal },
): Promise<TakenImage> {
  const found = await inspectPinned(wanted, host);
  const listed = (found.RootFS.Layers ?? []).filter(isDigest);
  const missing = listed.filter((digest) => !known.has(digest));
  await mkdir(directory, { recursive: true });
  const files = await fetchSavedBlobs(found.Id, [wanted.config, ...missing], {
    host,
    directory,
    onBytes: (bytes) => onBytes?.(Math.min(bytes, found.Size), found.Size),
    ...(signal ? { signal } : {}),
  });
  const configFile = files.get(wanted.config);
  if (!configFile || (await stat(configFile.path)).size > MAX_CONFIG_BYTES) throw incomplete(wanted, `its config ${wanted.config}`);
  const config = await readFile(configFile.path);
  const layers = originsOf(config).map((layer) => {
    const size = files.get(layer.digest)?.size ?? known.get(layer.digest);
    if (size === undefined) throw incomplete(wanted, `its layer ${layer.digest}`);
    return { ...layer, size };
  });
  const manifest = encodeManifest({ digest: wanted.config, size: config.byteLength }, layers);
  if (digestOf(manifest) !== wanted.manifest) throw pinMismatch(pinOf(wanted), { imageId: wanted.config, digest: digestOf(manifest) }, "present");
  return { manifest, config, layers, files };
}

/** @throws RbuildError `image.pin-mismatch`, `repository.image-absent` */
export async function inspectPinned(wanted: WantedImage, host: ContainerHost) {
  const pin = pinOf(wanted);
  const reference = imageReference(wanted);
  const found = (await inspectImage(host, reference)) ?? (await inspectImage(host, wanted.config));
  if (!found)
    throw new RbuildError("repository.image-absent", `the engine does not have ${reference} (${wanted.config}), which is to be published`, {
      category: "refused",
      hint: `rbuild image build ${wanted.name}`,
      details: { name: wanted.name, version: wanted.version, imageId: wanted.config },
    });
  if (!isImage(found, pin)) throw pinMismatch(pin, { imageId: found.Id, digest: undefined }, "present");
  return found;
}

/** The pin that a wanted image came from. */
export function pinOf({ name, version, architecture, manifest, config }: WantedImage) {
  return { name, version, architecture, digest: manifest, imageId: config };
}

function incomplete({ name, version }: WantedImage, what: string): RbuildError {
  return new RbuildError("repository.image-incomplete", `the engine's archive of ${name} ${version} does not have ${what} as it was built`, {
    category: "failed",
    hint: `rbuild image build ${name} --force; some engines compress layers again when they save them: use the embedded one`,
    details: { name, version },
  });
}

/** What an image's layers are, bottom first, as its config says. */
export function originsOf(config: Uint8Array): OriginLayer[] {
  const { rootfs, history } = parseImageConfig(config);
  const steps = (history ?? []).filter((step) => !step.empty_layer);
  const isComplete = steps.length === rootfs.diff_ids.length;
  return rootfs.diff_ids.map((digest, index) => ({ digest, origin: isComplete ? (steps[index]?.created_by ?? "") : "" }));
}

export const scratchOf = (scratch: string, { name, architecture }: WantedImage): string => join(scratch, `image-${name}-${architecture}`);
