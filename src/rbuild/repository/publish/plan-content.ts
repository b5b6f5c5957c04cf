import { RbuildError } from "../../../system/index.ts";
import { type Promotion, promote, withNewImage } from "./channels.ts";
import { type IndexContent, type IndexedBlob, type IndexedDelta, type IndexedFile, type IndexedImage, imageKey } from "./index-content.ts";
import { keptImages } from "./retention.ts";

/** What a publication brings. */
export interface Additions {
  readonly images: readonly IndexedImage[];
  readonly blobs: readonly IndexedBlob[];
  readonly deltas: readonly IndexedDelta[];
  readonly locks: readonly IndexedFile[];
  readonly pool: readonly IndexedFile[];
}

/** What each lock file (by its SHA-256) needs: the lock files of its chain, itself included, and packages. Locks that cannot be read are missing in it. */
export type LockNeeds = ReadonlyMap<string, { readonly locks: readonly string[]; readonly packages: readonly string[] }>;

export interface ContentOptions {
  readonly promotions: readonly Promotion[];
  /** Versions that stay of each image; default all. */
  readonly keep?: number;
  readonly needs: LockNeeds;
}

/**
 * What a repository has after a publication. Depends on its arguments alone.
 * @throws RbuildError `repository.version-taken`, `repository.no-such-version`
 */
export function planContent(before: IndexContent, added: Additions, { promotions, keep, needs }: ContentOptions): IndexContent {
  let images = [...before.images];
  for (const image of added.images) images = withNewImage(images, image);
  for (const promotion of promotions) images = promote(images, promotion);
  images = keptImages(images, keep).sort(byImage);
  const digests = new Set<string>(images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]));
  const blobs = merged(before.blobs, added.blobs, ({ digest }) => digest).filter(({ digest }) => digests.has(digest));
  const deltas = merged(before.deltas, added.deltas, ({ path }) => path).filter(({ to }) => digests.has(to));
  return { images, blobs, deltas, ...packagesAndLocks(before, added, images, needs) };
}

/** Locks of the images and of those they stand on; packages that one of them names. While a lock cannot be read, nothing goes. */
function packagesAndLocks(before: IndexContent, added: Additions, images: readonly IndexedImage[], needs: LockNeeds): Pick<IndexContent, "locks" | "pool"> {
  const locks = merged(before.locks, added.locks, ({ path }) => path);
  const pool = merged(before.pool, added.pool, ({ path }) => path);
  const needed = images.map(({ lock }) => needs.get(lock));
  if (needed.includes(undefined)) return { locks, pool };
  const keptLocks = new Set(needed.flatMap((each) => each?.locks ?? []));
  const keptPackages = new Set(needed.flatMap((each) => each?.packages ?? []));
  return { locks: locks.filter(({ sha256 }) => keptLocks.has(sha256)), pool: pool.filter(({ sha256 }) => keptPackages.has(sha256)) };
}

/** Both lists in the order of their keys; of two with one key the later. */
function merged<T>(before: readonly T[], added: readonly T[], keyOf: (each: T) => string): T[] {
  const byKey = new Map([...before, ...added].map((each) => [keyOf(each), each]));
  return [...byKey].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, each]) => each);
}

function byImage(left: IndexedImage, right: IndexedImage): number {
  return imageKey(left) < imageKey(right) ? -1 : 1;
}

/** The image of the index that a pinned one is, or undefined when it is new. @throws RbuildError `repository.version-taken` */
export function findPublished(
  images: readonly IndexedImage[],
  wanted: Pick<IndexedImage, "name" | "version" | "architecture"> & { readonly manifest: string },
): IndexedImage | undefined {
  const { name, version, architecture, manifest } = wanted;
  const found = images.find((image) => image.name === name && image.version === version && image.architecture === architecture);
  if (!found || found.manifest === manifest) return found;
  throw new RbuildError(
    "repository.version-taken",
    `${name} ${version} for ${architecture} is published as ${found.manifest}, and the pinned one is ${manifest}`,
    {
      category: "conflict",
      hint: "give its image.yaml a new version and pin it: what was published never changes",
      details: { name, version, architecture, published: found.manifest, pinned: manifest },
    },
  );
}
