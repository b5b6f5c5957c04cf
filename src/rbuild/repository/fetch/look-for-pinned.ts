import { join } from "node:path";
import { type Clock, isFileOfSize, RbuildError } from "../../../system/index.ts";
import type { ImagePin, RepositoryChoice } from "../../images/image-operations.ts";
import type { PoolSource } from "../../pool/pool.ts";
import { readCheckout, viewTrustStore } from "../../trust/index.ts";
import { accepted } from "../../trust/refusal.ts";
import { checkQuorum } from "./check-quorum.ts";
import { type OpenRepository, openRepository } from "./open-repository.ts";
import { isUrl, repositoryPlace } from "./repository-place.ts";
import { type PublishedImage, selectImage } from "./select-image.ts";

/** What the places of a choice would do for a pinned image that is absent. */
export type PinnedLook =
  /** Nobody is asked: no place is named, or the checkout has no root. `reason` where a place was named. */
  | { readonly kind: "nobody"; readonly reason?: string }
  /** A directory or bundle has it, signed and complete. `bytes` are those of its files. */
  | { readonly kind: "had"; readonly source: string; readonly bytes: number }
  /** The directories and bundles do not give it, `error` says why, where there are any; `urls` would be asked over the network. */
  | { readonly kind: "not-had"; readonly urls: readonly string[]; readonly error?: RbuildError };

/**
 * Looks whether `fetchPinned` would get an image without network. Asks no URL, remembers nothing, writes nothing.
 * @throws RbuildError codes `trust.*` of the checkout's own roots
 */
export async function lookForPinned(
  pin: ImagePin,
  { places, keys, quorum = [] }: RepositoryChoice,
  { stateDirectory, clock }: { readonly stateDirectory: string; readonly clock: Clock },
): Promise<PinnedLook> {
  if (places.length === 0) return { kind: "nobody" };
  const { roots } = accepted(await readCheckout(keys, clock.now()));
  if (roots.length === 0) return { kind: "nobody", reason: `${keys} has no signed root that says whose signature counts` };
  const urls = places.filter(isUrl);
  const local = await Promise.all(places.filter((text) => !isUrl(text)).map((text) => repositoryPlace(text)));
  if (local.length === 0) return { kind: "not-had", urls };
  try {
    const dependencies = { roots, stateDirectory, clock, report() {}, openStore: viewTrustStore };
    await using repository = await openRepository(local, dependencies);
    const image = selectImage({ name: pin.name, version: pin.version, architecture: pin.architecture, pin }, repository);
    await checkQuorum(image, repository, quorum, dependencies);
    return { kind: "had", source: repository.source, bytes: await bytesOf(image, repository) };
  } catch (error) {
    if (error instanceof RbuildError) return { kind: "not-had", urls, error };
    throw error;
  }
}

/** Of the files that make the image, the smallest of each blob that is there. @throws RbuildError `repository.files-missing` */
async function bytesOf(image: PublishedImage, repository: OpenRepository): Promise<number> {
  const blobs = new Map(repository.verdict.index.blobs.map((blob) => [blob.digest, blob]));
  let bytes = 0;
  for (const digest of new Set([image.manifest, image.config, ...image.layers])) {
    const { plain, encodings = [] } = blobs.get(digest) ?? {};
    const files = [...(plain ? [plain] : []), ...encodings].toSorted((left, right) => left.size - right.size);
    const there = await firstThere(files, repository.sources);
    if (!there) throw filesMissing(repository.source, digest);
    bytes += there.size;
  }
  return bytes;
}

interface NamedFile {
  readonly path: string;
  readonly size: number;
}

async function firstThere(files: readonly NamedFile[], sources: readonly PoolSource[]): Promise<NamedFile | undefined> {
  for (const file of files) for (const source of sources) if (await hasFile(source, file)) return file;
  return undefined;
}

async function hasFile(source: PoolSource, { path, size }: NamedFile): Promise<boolean> {
  if (source.kind === "reader") return source.read(path, new AbortController().signal) !== undefined;
  if (source.kind !== "files") return false;
  return isFileOfSize(join(source.path, path), size).catch(() => false);
}

function filesMissing(source: string, digest: string): RbuildError {
  return new RbuildError("repository.files-missing", `${source} has no file of ${digest}`, {
    category: "unavailable",
    hint: "copy the repository again, or have the bundle written again with this image",
    details: { source, digest },
  });
}
