import { mkdir, rm } from "node:fs/promises";
import { withStep } from "../../../make-runner/index.ts";
import { isRbuildError } from "../../../system/index.ts";
import type { RbuildReport } from "../../events.ts";
import { readKept } from "../../lock/kept-files.ts";
import { fillPool } from "../../pool/fill-pool.ts";
import { openPool, poolDirectory } from "../../pool/open-pool.ts";
import type { FillOptions } from "../../pool/pool.ts";
import type { BuildId } from "../life/build-id.ts";
import { makeArchiveDirectory } from "./archive-directory.ts";
import { archiveDirectory } from "./archive-places.ts";
import { lockedItems } from "./locked-items.ts";
import { TREE_LOCK_DIRECTORY, type TreeLock } from "./tree-lock.ts";

/** The archives of a lock as files, for one build. Disposing removes them. */
export interface LockedArchiveDirectory extends AsyncDisposable {
  readonly directory: string;
}

/**
 * Makes sure that the pool has everything of the lock and lays it out as an archive. What turns out to be damaged in the pool
 * is fetched again, once.
 * @throws RbuildError `pool.missing`, `pool.not-obtainable`, `pool.wrong-bytes`, `pool.damaged`, `lock.kept-file-missing`, `lock.kept-file-damaged`
 */
export async function openLockedArchive(
  { id, tree, lock }: { readonly id: BuildId; readonly tree: string; readonly lock: TreeLock },
  filling: FillOptions,
  { stateDirectory, report }: { readonly stateDirectory: string; readonly report: RbuildReport },
): Promise<LockedArchiveDirectory> {
  const inReleases = await Promise.all(lock.archives.map(async (archive) => (await readKept(tree, archive, TREE_LOCK_DIRECTORY)).inRelease));
  const pool = await openPool(poolDirectory(stateDirectory));
  const fill = () => fillPool(lockedItems(lock), pool, filling, report);
  await fill();
  const directory = archiveDirectory(stateDirectory, id);
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rm(directory, { recursive: true, force: true }));
  const layOut = async () => {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    await makeArchiveDirectory(lock, { inReleases, pool, directory, ...(filling.signal ? { signal: filling.signal } : {}) });
  };
  await withStep(report, { name: "lock.serve" }, async () => {
    try {
      await layOut();
    } catch (error) {
      if (!isRbuildError(error, "pool.damaged")) throw error;
      report({ kind: "warning.raised", code: error.code, message: error.message, hint: "it is fetched again" });
      await fill();
      await layOut();
    }
  });
  const kept = cleanUp.move();
  return { directory, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
