import { compareVersions } from "../../debian/version.ts";
import { filesOf, type IndexContent, type IndexedFile, type IndexedImage } from "./index-content.ts";

/** Newest first: by when they were released, then in Debian's order of versions. */
export function newestFirst(left: IndexedImage, right: IndexedImage): number {
  if (left.released !== right.released) return left.released < right.released ? 1 : -1;
  return compareVersions(right.version, left.version);
}

/** Of each image and architecture the newest `keep` stay, and whatever is in a channel. Undefined `keep`: all. */
export function keptImages(images: readonly IndexedImage[], keep: number | undefined): IndexedImage[] {
  if (keep === undefined) return [...images];
  const isKept = (image: IndexedImage) => {
    if (image.channels.length > 0) return true;
    const alike = images.filter(({ name, architecture }) => name === image.name && architecture === image.architecture).sort(newestFirst);
    return alike.indexOf(image) < keep;
  };
  return images.filter(isKept);
}

/**
 * The files that may go after a publication: what older indexes name, and neither the new one nor the one before it, which a client may
 * have just read. What no index ever named is not touched.
 */
export function removableFiles(older: readonly IndexContent[], kept: readonly IndexContent[]): IndexedFile[] {
  const stay = new Set(kept.flatMap((content) => [...filesOf(content).keys()]));
  const gone = new Map(older.flatMap((content) => [...filesOf(content)]).filter(([path]) => !stay.has(path)));
  return [...gone.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
}
