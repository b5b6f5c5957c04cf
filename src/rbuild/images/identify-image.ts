import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type Docker from "dockerode";
import { type Digest, DigestHasher, digestHex, digestOf, isDigest, MAX_MANIFEST_BYTES, OciFormatError, parseManifest } from "../../oci/index.ts";
import { readFileIfExists, writeFileAtomic } from "../../system/index.ts";
import { readTar } from "../../system/tar/index.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import { encodeManifest, type LayerValue } from "./assemble/image-blobs.ts";
import { isImage } from "./inspect-image.ts";

/** The two digests that say which image it is: of its config, and of the manifest that names the config and the uncompressed layers. */
export interface ImageIdentity {
  readonly imageId: string;
  /** Undefined where the config decides already, or the engine does not give back what the manifest is made of. */
  readonly digest: string | undefined;
}

export interface IdentifyDependencies {
  readonly containerHost: ContainerHost;
  readonly stateDirectory: string;
  readonly signal?: AbortSignal;
}

/** Whether an image is exactly the wanted one: by both digests. */
export const isSameImage = (found: ImageIdentity, wanted: ImageIdentity): boolean => found.imageId === wanted.imageId && found.digest === wanted.digest;

/**
 * What an image of the engine is, as far as that matters to whoever wants `wanted`. Docker's engine does not keep the manifest, which
 * follows from the config and the sizes of the layers: where the engine does not tell it, the image is read once, and remembered.
 */
export async function identifyImage(
  inspected: Docker.ImageInspectInfo,
  wanted: { readonly imageId: string; readonly digest: string },
  dependencies: IdentifyDependencies,
): Promise<ImageIdentity> {
  const { Id, Descriptor } = inspected;
  if (!isImage(inspected, wanted)) return { imageId: Id, digest: undefined };
  // Those that call it by its manifest do not tell the config.
  if (Id === wanted.imageId && Descriptor?.digest === wanted.digest) return { imageId: Id, digest: Descriptor.digest };
  const layers = inspected.RootFS.Layers?.filter(isDigest) ?? [];
  const config = wanted.imageId as Digest;
  const path = join(dependencies.stateDirectory, "images", "manifests", `${digestHex(config)}.json`);
  const known = await readKnown(path, config, layers);
  if (known) return { imageId: config, digest: digestOf(known) };
  const sizes = await measure(Id, dependencies);
  const manifest = assemble(config, layers, sizes);
  if (!manifest) return { imageId: sizes.has(config) ? config : Id, digest: undefined };
  // Who may not write here reads it again the next time.
  await remember(path, manifest).catch(() => undefined);
  return { imageId: config, digest: digestOf(manifest) };
}

async function readKnown(path: string, config: Digest, layers: readonly Digest[]): Promise<Uint8Array | undefined> {
  try {
    const bytes = await readFileIfExists(path, MAX_MANIFEST_BYTES);
    if (!bytes) return undefined;
    const sizes = new Map([...parseManifest(bytes).layers, parseManifest(bytes).config].map(({ digest, size }) => [digest, size]));
    const manifest = assemble(config, layers, sizes);
    return manifest && bytes.equals(manifest) ? manifest : undefined;
  } catch (error) {
    if (error instanceof OciFormatError) return undefined;
    throw error;
  }
}

function assemble(config: Digest, layers: readonly Digest[], sizes: ReadonlyMap<Digest, number>): Uint8Array | undefined {
  const [first, ...rest] = [config, ...layers].flatMap((digest): LayerValue[] => {
    const size = sizes.get(digest);
    return size === undefined ? [] : [{ digest, size }];
  });
  return first?.digest === config && rest.length === layers.length ? encodeManifest(first, rest) : undefined;
}

/** The sizes of all files in what `docker save` gives of an image, by their digests. */
async function measure(imageId: string, { containerHost: host, signal }: IdentifyDependencies): Promise<ReadonlyMap<Digest, number>> {
  const sizes = new Map<Digest, number>();
  for await (const { kind, body } of readTar((await host.getImage(imageId).get()) as AsyncIterable<Uint8Array> & NodeJS.ReadableStream)) {
    if (kind !== "file") continue;
    const hasher = new DigestHasher();
    for await (const chunk of body) {
      signal?.throwIfAborted();
      hasher.update(chunk);
    }
    const { size } = hasher;
    sizes.set(hasher.digest(), size);
  }
  return sizes;
}

async function remember(path: string, manifest: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, manifest, { sync: false });
}
