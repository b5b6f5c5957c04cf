import { mkdir, rm } from "node:fs/promises";
import { removeTree } from "../../system/index.ts";
import type { StoreLayout } from "../store/layout.ts";
import { createOwnedFile, sweepOwnedFiles } from "../store/owned-file.ts";
import { directoryAt, type SnapshotDirectory } from "./snapshot-directories.ts";

const LOCK = ".lock";

/** A directory that nobody sees yet, or no more. Whatever is still in it when it is disposed is removed. */
export interface Staging extends AsyncDisposable {
  readonly directory: SnapshotDirectory;
}

export async function stage(layout: StoreLayout): Promise<Staging> {
  const owner = await createOwnedFile(layout.staging, LOCK);
  const path = owner.path.slice(0, -LOCK.length);
  await mkdir(path, { mode: 0o711 });
  return {
    directory: directoryAt(path),
    async [Symbol.asyncDispose]() {
      await removeTree(path);
      await rm(owner.path, { force: true });
      await owner[Symbol.asyncDispose]();
    },
  };
}

/** Removes what dead processes left. @returns the directories removed */
export async function sweepStaging(layout: StoreLayout): Promise<string[]> {
  const locks = await sweepOwnedFiles(layout.staging, { suffix: LOCK, discard: (path) => removeTree(path.slice(0, -LOCK.length)) });
  return locks.map((path) => path.slice(0, -LOCK.length));
}
