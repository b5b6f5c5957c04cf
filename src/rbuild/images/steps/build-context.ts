import { createReadStream } from "node:fs";
import { readlink, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Digest } from "../../../oci/index.ts";
import { entriesBelow } from "../../../system/entries-below.ts";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import { byteString, type TarInput, tarHeader, writeTar } from "../../../system/tar/index.ts";
import { DEFINITION_FILE } from "../../definition/defined-names.ts";
import { ownFilePath } from "../../definition/own-file.ts";
import { digestOfFile } from "../../digest-of-file.ts";
import { LOCK_DIRECTORY, LOCK_FILE } from "../../lock/image-lock.ts";
import { PIN_FILE } from "../pin/pin-file.ts";

/** What Git keeps of a file, and nothing that a checkout's umask, owner or time decide. */
export type ContextEntry =
  | { readonly kind: "file"; readonly executable: boolean; readonly content: Digest }
  | { readonly kind: "directory" }
  | { readonly kind: "symlink"; readonly target: string };

/** A file of a Dockerfile's context. */
interface ContextFile {
  /** Relative to the context, with `/`. */
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink";
  readonly executable: boolean;
  readonly target: string;
  readonly size: number;
}

const ABOUT_THE_IMAGE: ReadonlySet<string> = new Set([DEFINITION_FILE, LOCK_FILE, PIN_FILE]);

/** Files that are about the image and not of it, and what editors leave. */
const isLeftOut = (path: string) =>
  ABOUT_THE_IMAGE.has(path) || path === LOCK_DIRECTORY || path.startsWith(`${LOCK_DIRECTORY}/`) || /~$|(?:^|\/)\.[^/]*\.sw[a-p]$/.test(path);

/** Everything in a definition's directory but the definition, its lock and its pin, in byte order. */
export async function listContext(directory: string): Promise<ContextFile[]> {
  const found: ContextFile[] = [];
  for (const entry of await entriesBelow(directory)) {
    const full = join(entry.parentPath, entry.name);
    const path = relative(directory, full);
    if (isLeftOut(path)) continue;
    if (entry.isSymbolicLink()) found.push({ path, kind: "symlink", executable: false, target: await readlink(full), size: 0 });
    else if (entry.isDirectory()) found.push({ path, kind: "directory", executable: true, target: "", size: 0 });
    else if (entry.isFile()) {
      const { mode, size } = await stat(full);
      found.push({ path, kind: "file", executable: (mode & 0o100) !== 0, target: "", size });
    }
  }
  return found.sort((a, b) => (byteString(a.path) < byteString(b.path) ? -1 : 1));
}

/** The whole context by path. */
export async function readContext(directory: string): Promise<Record<string, ContextEntry>> {
  const entries = (await listContext(directory)).map(async ({ path, kind, executable, target }): Promise<[string, ContextEntry]> => {
    if (kind === "directory") return [path, { kind }];
    if (kind === "symlink") return [path, { kind, target }];
    return [path, { kind, executable, content: (await digestOfFile(join(directory, path))).digest }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

/**
 * Single files of a definition's directory, without looking at anything else in it.
 * @throws RbuildError `image.file-missing`, `definition.file-outside`
 */
export async function readContextFiles(directory: string, paths: readonly string[]): Promise<Record<string, ContextEntry>> {
  const entries = [...new Set(paths)].sort().map(async (path): Promise<[string, ContextEntry]> => {
    const full = await ownFilePath(directory, path);
    try {
      const found = await stat(full);
      // Nobody may write to a pipe, and a device never ends.
      if (!found.isFile()) throw missingFile(full);
      return [path, { kind: "file", executable: (found.mode & 0o100) !== 0, content: (await digestOfFile(full)).digest }];
    } catch (error) {
      if (isSystemError(error)) throw missingFile(full, error);
      throw error;
    }
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Of a file that image.yaml names and that is not there, or no file. */
export function missingFile(path: string, cause?: unknown): RbuildError {
  return new RbuildError("image.file-missing", `image.yaml names ${path}, and there is no such file`, {
    category: "invalid",
    hint: "put it there, or correct image.yaml",
    cause,
    details: { path },
  });
}

/** The context as a tar whose bytes depend on what `readContext` tells and on the time alone. */
export async function writeContext(directory: string, sourceDateEpoch: number): Promise<AsyncIterable<Buffer>> {
  const files = await listContext(directory);
  async function* entries(): AsyncGenerator<TarInput, void, undefined> {
    const common = { mtime: { seconds: sourceDateEpoch, nanoseconds: 0 } };
    for (const { path, kind, executable, target, size } of files) {
      const mode = kind === "symlink" ? 0o777 : executable ? 0o755 : 0o644;
      const header = tarHeader({ ...common, path: byteString(kind === "directory" ? `${path}/` : path), kind, mode, size, linkPath: byteString(target) });
      yield kind === "file" ? { ...header, body: createReadStream(join(directory, path)) as AsyncIterable<Uint8Array> } : header;
    }
  }
  return writeTar(entries());
}
