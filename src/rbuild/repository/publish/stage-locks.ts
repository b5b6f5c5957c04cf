import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { digestHex, digestOf } from "../../../oci/index.ts";
import { readFileIfExists } from "../../../system/index.ts";
import { type ImageLock, LOCK_FILE, MAX_LOCK_BYTES } from "../../lock/image-lock.ts";
import { lockDigest } from "../../lock/lock-digest.ts";
import { parseLock } from "../../lock/read-lock.ts";
import type { IndexedFile } from "./index-content.ts";
import type { LockNeeds } from "./plan-content.ts";
import type { WantedImage } from "./wanted-images.ts";

export interface LockBytes {
  readonly file: IndexedFile;
  readonly bytes: Uint8Array;
}

/** The lock files of an image and of those it stands on, bottom first: the image's own is the last. */
export async function readLocks({ chain }: WantedImage): Promise<LockBytes[]> {
  return Promise.all(
    chain.images.map(async ({ located }) => {
      const bytes = await readFile(join(located.directory, LOCK_FILE));
      const sha256 = digestOf(bytes);
      return { bytes, file: { path: `locks/sha256/${digestHex(sha256)}.json`, sha256, size: bytes.byteLength } };
    }),
  );
}

/** What each lock needs: those it stands on, which it names by their content, and packages. Locks of a form that is not known are left out. */
export async function readNeeds(directory: string, published: readonly IndexedFile[], added: readonly LockBytes[]): Promise<LockNeeds> {
  const locks = new Map<string, ImageLock>();
  const take = (sha256: string, bytes: Uint8Array) => {
    try {
      locks.set(sha256, parseLock(Buffer.from(bytes).toString("utf8"), sha256));
    } catch {
      // Of another version of the format: nothing that it may need is removed.
    }
  };
  for (const { path, sha256 } of published) {
    const bytes = await readFileIfExists(join(directory, path), MAX_LOCK_BYTES);
    if (bytes && digestOf(bytes) === sha256) take(sha256, bytes);
  }
  for (const { file, bytes } of added) take(file.sha256, bytes);
  return needsOf(locks);
}

function needsOf(locks: ReadonlyMap<string, ImageLock>): LockNeeds {
  const byContent = Map.groupBy(locks, ([, lock]) => lockDigest(lock) as string);
  const needs = new Map<string, { locks: string[]; packages: string[] }>();
  for (const [sha256, lock] of locks) {
    const chain = new Map([[sha256, lock]]);
    // A chain that names itself ends too.
    for (const [, each] of chain) for (const [below, found] of each.from ? (byContent.get(each.from.lock) ?? []) : []) chain.set(below, found);
    const packages = [...chain.values()].flatMap(({ architectures }) => Object.values(architectures).flatMap((each) => [...each.packages, ...each.offers]));
    needs.set(sha256, { locks: [...chain.keys()], packages: packages.map((each) => each.sha256) });
  }
  return needs;
}
