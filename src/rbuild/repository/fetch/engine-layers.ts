import { type Digest, isDigest } from "../../../oci/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { fetchSavedBlobs, type SavedBlob } from "../../images/assemble/saved-blobs.ts";
import { inspectImage } from "../../images/inspect-image.ts";
import { noSpace } from "../../pool/pool-errors.ts";

/** A layer that an image of the engine has. */
export interface EngineLayer {
  readonly imageId: string;
  /** At most so many bytes: the size of the whole image. */
  readonly atMost: number;
}

/** The layers of the images that rbuild has made or fetched, by the digests of their uncompressed tars. */
export async function layersInEngine(host: ContainerHost): Promise<Map<Digest, EngineLayer>> {
  const layers = new Map<Digest, EngineLayer>();
  const images = (await host.listImages()).filter(({ RepoTags }) => RepoTags?.some((tag) => tag.startsWith("rbuild/")));
  for (const { Id } of images) {
    const found = await inspectImage(host, Id);
    for (const layer of found?.RootFS.Layers ?? []) if (isDigest(layer) && !layers.has(layer)) layers.set(layer, { imageId: Id, atMost: found?.Size ?? 0 });
  }
  return layers;
}

/** Layers in files, as the engine gives them out. Some engines give out others than they were given: these are left out. */
export async function saveLayers(
  digests: readonly Digest[],
  layers: ReadonlyMap<Digest, EngineLayer>,
  { host, directory, signal }: { readonly host: ContainerHost; readonly directory: (name: string) => Promise<string>; readonly signal?: AbortSignal },
): Promise<Map<Digest, SavedBlob>> {
  const wanted = Map.groupBy(digests, (digest) => layers.get(digest)?.imageId);
  const saved = new Map<Digest, SavedBlob>();
  for (const [imageId, some] of wanted) {
    if (imageId === undefined) continue;
    const place = await directory(`saved-${saved.size}-${imageId.slice(-12)}`);
    try {
      const found = await fetchSavedBlobs(imageId, some, { host, directory: place, ...(signal ? { signal } : {}) });
      for (const [digest, blob] of found) saved.set(digest, blob);
    } catch (error) {
      throw noSpace(error, place);
    }
  }
  return saved;
}
