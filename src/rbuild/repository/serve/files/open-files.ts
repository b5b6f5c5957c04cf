import { constants } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "../../../../system/index.ts";

/** A regular file that is open for reading. It may be shared: dispose of it once. */
export interface OpenedFile extends Disposable {
  readonly handle: FileHandle;
  /** Bytes when it was opened. */
  readonly size: number;
}

interface Kept {
  readonly handle: FileHandle;
  readonly size: number;
  users: number;
  /** `performance.now()` when the last user left. */
  idleSince: number;
}

const MAX_KEPT = 256;
const IDLE_MILLISECONDS = 5_000;

/** The files of one directory that may be served. */
export interface OpenFiles extends AsyncDisposable {
  /**
   * @param path of the known layout, relative to the directory: it is opened as it stands. What is no regular file, or is reached through
   *   a link anywhere on the way, is not there
   * @param keep its bytes never change: for a while it stays open, for the next who asks
   */
  open(path: string, keep: boolean): Promise<OpenedFile | undefined>;
}

export async function openFiles(directory: string): Promise<OpenFiles> {
  const root = await realpath(directory);
  const kept = new Map<string, Kept>();
  const sweep = setInterval(() => closeIdle(performance.now() - IDLE_MILLISECONDS), IDLE_MILLISECONDS).unref();
  let isClosed = false;
  return {
    async open(path, keep) {
      const known = kept.get(path);
      if (known) return lease(known);
      const opened = await openPlain(root, path);
      if (!opened || !keep || isClosed || kept.size >= MAX_KEPT) return opened && openedFile(opened, () => close(opened.handle));
      const meanwhile = kept.get(path);
      if (meanwhile) {
        await opened.handle.close();
        return lease(meanwhile);
      }
      const entry = { ...opened, users: 0, idleSince: 0 };
      kept.set(path, entry);
      return lease(entry);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearInterval(sweep);
      closeIdle(Number.POSITIVE_INFINITY);
    },
  };

  function lease(entry: Kept): OpenedFile {
    entry.users++;
    return openedFile(entry, () => {
      entry.users--;
      entry.idleSince = performance.now();
      if (isClosed) closeIdle(Number.POSITIVE_INFINITY);
    });
  }

  function closeIdle(before: number): void {
    for (const [path, entry] of kept) {
      if (entry.users > 0 || entry.idleSince > before) continue;
      kept.delete(path);
      close(entry.handle);
    }
  }
}

/** @param release is called once, however often it is disposed of */
function openedFile({ handle, size }: Pick<Kept, "handle" | "size">, release: () => void): OpenedFile {
  let isHeld = true;
  return {
    handle,
    size,
    [Symbol.dispose]() {
      if (!isHeld) return;
      isHeld = false;
      release();
    },
  };
}

/** Nothing was written that could be lost. */
const close = (handle: FileHandle): void => void handle.close().catch(() => undefined);

const NOT_THERE = ["ENOENT", "ENOTDIR", "ELOOP", "ENXIO", "EACCES", "ENAMETOOLONG"];

async function openPlain(root: string, path: string): Promise<Pick<Kept, "handle" | "size"> | undefined> {
  const wanted = join(root, path);
  let handle: FileHandle;
  try {
    handle = await open(wanted, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (isSystemError(error, ...NOT_THERE)) return undefined;
    throw error;
  }
  try {
    const stats = await handle.stat();
    // The kernel's name of what is open differs as soon as one directory on the way was a link.
    if (stats.isFile() && (await readlink(`/proc/self/fd/${handle.fd}`)) === wanted) return { handle, size: stats.size };
  } catch (error) {
    await handle.close();
    throw error;
  }
  await handle.close();
  return undefined;
}
