import { constants } from "node:fs";
import { copyFile, link, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestHex } from "../../../oci/index.ts";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import type { Pool, PoolItem } from "../../pool/pool.ts";
import { lockedItems } from "./locked-items.ts";
import type { TreeLock } from "./tree-lock.ts";

/** Items that are hashed at once. */
const CONCURRENCY = 4;

/**
 * Makes the archives of a lock as directories below `directory`, each named for its archive: every file of the lock, under
 * the InRelease that was recorded, and nothing else. Index files have their `by-hash` names as well. Files are links into the
 * pool where that is possible; each was hashed.
 * @param inReleases by index of `lock.archives`
 * @throws RbuildError `pool.missing`, `pool.damaged`
 */
export async function makeArchiveDirectory(
  lock: TreeLock,
  {
    inReleases,
    pool,
    directory,
    signal,
  }: { readonly inReleases: readonly Uint8Array[]; readonly pool: Pool; readonly directory: string; readonly signal?: AbortSignal },
): Promise<void> {
  for (const [position, { archive, suite }] of lock.archives.entries()) {
    const path = join(directory, archive, "dists", suite, "InRelease");
    await makeParent(path);
    await writeFile(path, inReleases[position] ?? "", { mode: 0o644 });
  }
  const pending = lockedItems(lock).values();
  const work = async () => {
    for (const item of pending) {
      signal?.throwIfAborted();
      await check(pool, item);
      for (const path of namesOf(item)) await place(pool.pathOf(item.sha256), join(directory, item.archive, path));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

/** Where an item is asked for (Debian wiki, DebianRepository/Format, by-hash). */
function namesOf({ path, sha256 }: PoolItem): string[] {
  return path.startsWith("dists/") ? [path, `${dirname(path)}/by-hash/SHA256/${digestHex(sha256)}`] : [path];
}

async function check(pool: Pool, item: PoolItem): Promise<void> {
  for await (const _ of pool.read(item));
}

async function place(from: string, to: string): Promise<void> {
  await makeParent(to);
  try {
    await link(from, to);
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return;
    // Another file system, one without links, or too many of them.
    if (!isSystemError(error, "EXDEV", "EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP")) throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE).catch((cause: unknown) => {
      throw isSystemError(cause, "ENOSPC", "EDQUOT") ? noSpace(to, cause) : cause;
    });
  }
}

/** Others than this user read it: the proxy in its container. */
async function makeParent(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
}

function noSpace(path: string, cause: unknown): RbuildError {
  return new RbuildError("iso.no-space", `${dirname(path)} has no space left for the locked packages`, {
    category: "unavailable",
    hint: `make room there (df -h ${dirname(path)}) and build again`,
    cause,
  });
}
