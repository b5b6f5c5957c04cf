import { randomBytes } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError, tryFlock } from "../../system/index.ts";

/** A file that belongs to this process for as long as it holds the file's flock; disposing closes it and leaves it where it is. */
export interface OwnedFile extends AsyncDisposable {
  readonly path: string;
  readonly handle: FileHandle;
}

/** A new file in `directory`, owned from its first moment: one that a sweep took between creation and lock is made again. */
export async function createOwnedFile(directory: string, suffix = ""): Promise<OwnedFile> {
  await mkdir(directory, { recursive: true });
  for (;;) {
    const path = join(directory, `${randomBytes(8).toString("hex")}${suffix}`);
    const handle = await open(path, "wx+", 0o600);
    try {
      if (tryFlock(handle.fd, "exclusive") && (await handle.stat()).nlink > 0) return { path, handle, [Symbol.asyncDispose]: () => handle.close() };
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
  }
}

/**
 * Removes the files of processes that are gone; `discard` is called first for each, with the file still locked.
 * @returns the paths removed
 */
export async function sweepOwnedFiles(
  directory: string,
  options: { readonly suffix?: string; readonly discard?: (path: string) => Promise<void> } = {},
): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await namesIn(directory)) {
    if (!name.endsWith(options.suffix ?? "")) continue;
    const path = join(directory, name);
    const handle = await open(path, "r+").catch((error: unknown) => {
      if (isSystemError(error, "ENOENT", "EISDIR")) return undefined;
      throw error;
    });
    if (!handle) continue;
    try {
      if (!tryFlock(handle.fd, "exclusive")) continue;
      await options.discard?.(path);
      await rm(path, { force: true });
      removed.push(path);
    } finally {
      await handle.close();
    }
  }
  return removed;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  }
}
