import { writeCanonical } from "../../trust/format/canonical.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";

/** What a repository has: an index without its version and times. */
export type IndexContent = Pick<RepositoryIndex, "images" | "blobs" | "deltas" | "locks" | "pool">;
export type IndexedImage = RepositoryIndex["images"][number];
export type IndexedBlob = RepositoryIndex["blobs"][number];
export type IndexedDelta = RepositoryIndex["deltas"][number];
/** A file by its path in the repository, and its bytes. */
export type IndexedFile = RepositoryIndex["locks"][number];

export const EMPTY_CONTENT: IndexContent = { images: [], blobs: [], deltas: [], locks: [], pool: [] };

/** Every file that the content names, by path. */
export function filesOf({ blobs, deltas, locks, pool }: IndexContent): Map<string, IndexedFile> {
  const files = [...blobs.flatMap(({ plain, encodings }) => [...(plain ? [plain] : []), ...encodings]), ...deltas, ...locks, ...pool];
  return new Map(files.map(({ path, sha256, size }) => [path, { path, sha256, size }]));
}

/** The files that an image's manifest, config and layers can be had from. */
export function filesOfImage({ manifest, config, layers }: IndexedImage, { blobs }: Pick<IndexContent, "blobs">): IndexedFile[] {
  const wanted = new Set<string>([manifest, config, ...layers]);
  return [...filesOf({ ...EMPTY_CONTENT, blobs: blobs.filter(({ digest }) => wanted.has(digest)) }).values()];
}

export function isSameContent(left: IndexContent, right: IndexContent): boolean {
  const bytes = ({ images, blobs, deltas, locks, pool }: IndexContent) => writeCanonical({ images, blobs, deltas, locks, pool });
  return Buffer.compare(bytes(left), bytes(right)) === 0;
}

export const imageKey = ({ name, version, architecture }: Pick<IndexedImage, "name" | "version" | "architecture">): string =>
  `${name}\0${version}\0${architecture}`;

/** The images that one state of a repository had, and the next has no more. */
export function retiredImages(before: IndexContent, after: IndexContent): Pick<IndexedImage, "name" | "version" | "architecture">[] {
  const left = new Set(after.images.map(imageKey));
  return before.images.filter((image) => !left.has(imageKey(image))).map(({ name, version, architecture }) => ({ name, version, architecture }));
}
