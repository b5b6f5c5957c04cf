import { type Digest, digestOf } from "../../../../oci/index.ts";
import { isRbuildError } from "../../../../system/index.ts";
import { comparePackages } from "../../../lock/diff/compare-packages.ts";
import { flattenLocks } from "../../../lock/diff/flatten-locks.ts";
import { type ImageLock, MAX_LOCK_BYTES } from "../../../lock/image-lock.ts";
import { lockDigest } from "../../../lock/lock-digest.ts";
import type { PackageChange } from "../../../lock/lock-operations.ts";
import { parseLock } from "../../../lock/read-lock.ts";
import type { MetadataSource } from "../../../trust/client/metadata-source.ts";
import type { RepositoryIndex } from "../../../trust/format/index-file.ts";

type Image = RepositoryIndex["images"][number];

/** What one image has other than the one released before it. */
export interface Step {
  readonly from: Image;
  readonly to: Image;
  /** Of what is installed. Undefined: a lock is missing, or not the one that the index names. */
  readonly changes: readonly PackageChange[] | undefined;
}

/** Read for one page, and steps shown of one image. */
const MAX_LOCKS = 200;
const MAX_STEPS = 10;

/** The last steps of each image, newest first. */
export async function packageChanges(index: RepositoryIndex, files: MetadataSource): Promise<readonly Step[]> {
  const locks = new Map<Digest, ImageLock>();
  for (const file of index.locks.slice(0, MAX_LOCKS)) {
    const lock = await readLockAt(files, file);
    if (lock) locks.set(file.sha256, lock);
  }
  const byMeaning = new Map([...locks.values()].map((lock) => [lockDigest(lock), lock]));
  const steps: Step[] = [];
  for (const images of Map.groupBy(index.images, ({ name, architecture }) => `${name} ${architecture}`).values()) {
    const newestFirst = images.toSorted((a, b) => (a.released > b.released ? -1 : a.released < b.released ? 1 : 0));
    for (const [position, to] of newestFirst.slice(0, MAX_STEPS).entries()) {
      const from = newestFirst[position + 1];
      if (from) steps.push({ from, to, changes: compare(locks.get(from.lock), locks.get(to.lock), to.architecture) });
    }
  }
  return steps;

  function compare(from: ImageLock | undefined, to: ImageLock | undefined, architecture: Image["architecture"]): readonly PackageChange[] | undefined {
    if (!from || !to) return undefined;
    const [before, after] = [flattenLocks(chainOf(from)), flattenLocks(chainOf(to))];
    return comparePackages(before, after).filter((change) => change.architecture === architecture && change.list === "packages");
  }

  /** Bottom first, as far down as the repository has locks. */
  function chainOf(top: ImageLock): readonly ImageLock[] {
    const chain = [top];
    for (let below = top.from; below && chain.length < 32; below = chain[0]?.from) {
      const lock = byMeaning.get(below.lock);
      if (!lock) break;
      chain.unshift(lock);
    }
    return chain;
  }
}

async function readLockAt(files: MetadataSource, { path, sha256 }: RepositoryIndex["locks"][number]): Promise<ImageLock | undefined> {
  const received = await files.read(path, MAX_LOCK_BYTES);
  if (received.kind !== "bytes" || digestOf(received.bytes) !== sha256) return undefined;
  try {
    return parseLock(Buffer.from(received.bytes).toString("utf8"), path);
  } catch (error) {
    if (isRbuildError(error)) return undefined;
    throw error;
  }
}
