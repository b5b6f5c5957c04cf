import { randomBytes } from "node:crypto";
import { fstatSync, mkdirSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError, namesIn, tryFlock } from "../../system/index.ts";

/** A file that belongs to this process for as long as it holds the file's flock; disposing closes it and leaves it where it is. */
export interface OwnedFile extends AsyncDisposable {
  readonly path: string;
  readonly handle: FileHandle;
}

/** A new file in `directory`, owned from its first moment: one that a sweep took between creation and lock is made again. */
export async function createOwnedFile(directory: string, suffix = ""): Promise<OwnedFile> {
  mkdirSync(directory, { recursive: true });
  for (;;) {
    const path = join(directory, `${randomBytes(8).toString("hex")}${suffix}`);
    const handle = await open(path, "wx+", 0o600);
    try {
      if (tryFlock(handle.fd, "exclusive") && fstatSync(handle.fd).nlink > 0) return { path, handle, [Symbol.asyncDispose]: () => handle.close() };
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
    await rm(path, { force: true });
  }
}

interface SweepOptions {
  /** Look only at files whose names end so. */
  readonly suffix?: string;
}

/**
 * Removes the files of processes that are gone; `discard` is called first for each, with the file still locked.
 * @returns the paths removed
 */
export async function sweepOwnedFiles(
  directory: string,
  options: SweepOptions & { readonly discard?: (path: string) => Promise<void> } = {},
): Promise<string[]> {
  return visitDead(directory, options, async (path) => {
    await options.discard?.(path);
    await rm(path, { force: true });
  });
}

/** Files whose owners are gone. */
export function deadFiles(directory: string, options: SweepOptions = {}): Promise<string[]> {
  return visitDead(directory, options, async () => undefined);
}

async function visitDead(directory: string, { suffix = "" }: SweepOptions, visit: (path: string) => Promise<void>): Promise<string[]> {
  const visited: string[] = [];
  for (const name of await namesIn(directory)) {
    if (!name.endsWith(suffix)) continue;
    const path = join(directory, name);
    const handle = await open(path, "r+").catch((error: unknown) => {
      if (isSystemError(error, "ENOENT", "EISDIR", "EACCES")) return undefined;
      throw error;
    });
    if (!handle) continue;
    try {
      if (!tryFlock(handle.fd, "exclusive")) continue;
      await visit(path);
      visited.push(path);
    } finally {
      await handle.close();
    }
  }
  return visited;
}
