import { nearNames, RbuildError } from "../../../system/index.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";

type IndexedImage = RepositoryIndex["images"][number];
export type BundledFile = RepositoryIndex["locks"][number];

/** An image by its name, and its version unless it is the one in the channel. */
export interface BundledName {
  readonly name: string;
  readonly version?: string;
}

/**
 * The images of an index that are named, of all architectures; without names all that are in the channel.
 * @throws RbuildError `repository.no-such-image`
 */
export function chooseImages({ images }: Pick<RepositoryIndex, "images">, names: readonly BundledName[], channel: string): IndexedImage[] {
  if (names.length === 0) return images.filter(({ channels }) => channels.includes(channel));
  const chosen = names.flatMap(({ name, version }) => {
    const found = images.filter((image) => image.name === name && (version === undefined ? image.channels.includes(channel) : image.version === version));
    if (found.length > 0) return found;
    const there = images.filter((image) => image.name === name).map((image) => `${name}:${image.version}`);
    const near = nearNames(name, new Set(images.map((image) => image.name)));
    const others = near.length > 0 ? `there is ${near.join(", ")}` : "rbuild image bundle FILE --from DIR, without names, takes all of a channel";
    throw new RbuildError("repository.no-such-image", `the repository has no ${name} ${version ?? `in the channel ${channel}`}`, {
      category: "not-found",
      hint: there.length > 0 ? `it has ${there.join(", ")}` : others,
      details: { name, ...(version === undefined ? { channel } : { version }), there },
    });
  });
  return images.filter((image) => chosen.includes(image));
}

/** Of each blob one file: zstd where there is one, as it is the smallest; locks; with `hasPool` all packages. In the order of their paths. */
export function chooseFiles(index: Pick<RepositoryIndex, "blobs" | "locks" | "pool">, images: readonly IndexedImage[], hasPool: boolean): BundledFile[] {
  const wanted = new Set<string>(images.flatMap(({ manifest, config, layers }) => [manifest, config, ...layers]));
  const blobs = index.blobs
    .filter(({ digest }) => wanted.has(digest))
    .flatMap(({ plain, encodings }) => encodings.find(({ encoding }) => encoding === "zstd") ?? encodings[0] ?? plain ?? []);
  const files = [...blobs, ...index.locks, ...(hasPool ? index.pool : [])].map(({ path, sha256, size }) => ({ path, sha256, size }));
  return [...new Map(files.map((file) => [file.path, file])).values()].sort((left, right) => (left.path < right.path ? -1 : 1));
}
