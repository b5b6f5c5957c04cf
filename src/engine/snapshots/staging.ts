import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { removeSmallTree, removeTree, toolEnvironment } from "../../system/index.ts";
import type { StoreLayout } from "../store/layout.ts";
import { createOwnedFile, type OwnedFile, sweepOwnedFiles } from "../store/owned-file.ts";
import { directoryAt, type SnapshotDirectory } from "./snapshot-directories.ts";

const LOCK = ".lock";

/** A directory that nobody sees yet, or no more. Whatever is still in it when it is disposed is removed. */
export interface Staging extends AsyncDisposable {
  readonly directory: SnapshotDirectory;
}

export async function stage(layout: StoreLayout): Promise<Staging> {
  const owner = await createOwnedFile(layout.staging, LOCK);
  const path = owner.path.slice(0, -LOCK.length);
  try {
    mkdirSync(path, { mode: 0o711 });
  } catch (error) {
    rmSync(owner.path, { force: true });
    await owner[Symbol.asyncDispose]();
    throw error;
  }
  return {
    directory: directoryAt(path),
    async [Symbol.asyncDispose]() {
      if (await removeSmallTree(path)) rmSync(owner.path, { force: true });
      else removeLater(path, owner);
      await owner[Symbol.asyncDispose]();
    },
  };
}

/**
 * Removes many files without making anybody wait: the tree of a live system takes seconds. A process of its own does it, which outlives
 * this one if need be. It keeps the lock of the owner's file: should it die, a sweep goes on.
 */
function removeLater(path: string, owner: OwnedFile): void {
  const script = 'rm --recursive --force --one-file-system -- "$1" && rm --force -- "$1$2"';
  const child = spawn("sh", ["-c", script, "sh", path, LOCK], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", owner.handle.fd],
    env: toolEnvironment(),
  });
  // Without the process the lock is free: the next sweep removes it all.
  child.on("error", () => undefined);
  child.unref();
}

/** Removes what dead processes left. @returns the directories removed */
export async function sweepStaging(layout: StoreLayout): Promise<string[]> {
  const locks = await sweepOwnedFiles(layout.staging, { suffix: LOCK, discard: (path) => removeTree(path.slice(0, -LOCK.length)) });
  return locks.map((path) => path.slice(0, -LOCK.length));
}
