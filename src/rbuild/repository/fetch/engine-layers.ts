import { type Digest, isDigest } from "../../../oci/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { fetchSavedBlobs, type SavedBlob } from "../../images/assemble/saved-blobs.ts";
import { inspectImage } from "../../images/inspect-image.ts";
import { noSpace } from "../../pool/pool-errors.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";
import type { FetchPlace } from "./fetch-place.ts";
import type { PresentBlobs } from "./obtain-blobs.ts";

/** A layer that an image of the engine has. */
interface EngineLayer {
  readonly imageId: string;
  /** At most so many bytes: the size of the whole image. */
  readonly atMost: number;
}

/** The layers of the images that rbuild has made or fetched, by the digests of their uncompressed tars. */
async function layersInEngine(host: ContainerHost): Promise<Map<Digest, EngineLayer>> {
  const layers = new Map<Digest, EngineLayer>();
  const images = (await host.listImages()).filter(({ RepoTags }) => RepoTags?.some((tag) => tag.startsWith("rbuild/")));
  for (const { Id } of images) {
    const found = await inspectImage(host, Id);
    for (const layer of found?.RootFS.Layers ?? []) if (isDigest(layer) && !layers.has(layer)) layers.set(layer, { imageId: Id, atMost: found?.Size ?? 0 });
  }
  return layers;
}

/** Layers in files, as the engine gives them out. Some engines give out others than they were given: these are left out. */
async function saveLayers(
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

/** The layers that can be started from. @param index knows their sizes */
export async function presentLayers(host: ContainerHost, index: Pick<RepositoryIndex, "blobs">) {
  const layers = await layersInEngine(host);
  const known = new Map(index.blobs.map((blob) => [blob.digest, blob.size]));
  const sizes = new Map([...layers].map(([digest, { atMost }]) => [digest, known.get(digest) ?? atMost]));
  return {
    sizes,
    /** Saved to a place where one is needed. */
    in: (place: FetchPlace, signal?: AbortSignal): PresentBlobs => ({
      sizes,
      save: (digests) => saveLayers(digests, layers, { host, directory: (name) => place.make(name), ...(signal ? { signal } : {}) }),
    }),
  };
}

/** Whether the engine takes an image without the layers that it has. Docker's does, or does not, by its version. */
export async function takesPartial(host: ContainerHost): Promise<boolean> {
  const { Platform } = (await host.version()) as { readonly Platform?: { readonly Name?: string } };
  return Platform?.Name === "rbuild";
}
