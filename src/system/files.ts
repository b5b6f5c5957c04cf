import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, read, readdirSync, readSync, renameSync, rmSync, statSync, write, writeFileSync, writeSync } from "node:fs";
import { type FileHandle, mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { isSystemError, RbuildError } from "./errors.ts";

// Calls that take microseconds are made at once: handing one over to a thread and back takes ten times as long, and two more turns on a busy machine.

/** Larger files are read by a thread. */
const SMALL_BYTES = 64 * 1024;

/**
 * Replaces a file so that a reader, or whoever comes after a crash, sees the old content or the new one and never a part.
 * @param options.sync wait until the disk has it, so that it survives a power cut; default true
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { mode = 0o644, sync = true }: { readonly mode?: number; readonly sync?: boolean } = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  try {
    if (sync) await writeSynced(temporary, data, mode);
    else writeFileSync(temporary, data, { flag: "wx", mode });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw withPath(error, path);
  }
  if (sync) await syncDirectory(dirname(path));
}

async function writeSynced(path: string, data: string | Uint8Array, mode: number): Promise<void> {
  await using handle = await open(path, "wx", mode);
  await handle.writeFile(data);
  await handle.sync();
}

/** Node names no file in what it throws of an open one. */
function withPath(error: unknown, path: string): unknown {
  if (isSystemError(error) && error.path === undefined) Object.assign(error, { path, message: `${error.message} '${path}'` });
  return error;
}

/** Makes renames in a directory survive a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A whole regular file, or undefined when there is none. @throws RbuildError `file.too-large`, `file.not-regular` */
export async function readFileIfExists(path: string, maxBytes: number): Promise<Buffer | undefined> {
  let fd: number | undefined;
  try {
    // Nobody may write to a pipe, and a device never ends.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = fstatSync(fd);
    if (!found.isFile()) throw new RbuildError("file.not-regular", `${path} is no regular file`, { category: "invalid" });
    const bytes = await readToEnd(found.size <= SMALL_BYTES ? atOnce(fd) : byThread(fd), found.size, maxBytes);
    if (bytes) return bytes;
    throw new RbuildError("file.too-large", `${path} has more than the ${maxBytes} bytes that are read`, { category: "invalid" });
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

const LEAST_BUFFER = 4096;
/** Reads on into a part of a buffer. @returns how many bytes; 0 at the end */
type ReadOn = (buffer: Buffer, offset: number, length: number) => number | Promise<number>;

const readFd = promisify(read);
const atOnce =
  (fd: number): ReadOn =>
  (buffer, offset, length) =>
    readSync(fd, buffer, offset, length, null);
const byThread =
  (fd: number): ReadOn =>
  async (buffer, offset, length) =>
    (await readFd(fd, buffer, offset, length, null)).bytesRead;

/** What an open file or pipe gives until its end, or undefined when that is more: whatever size it says, and however it grows meanwhile. */
export async function readWithin(handle: FileHandle, maxBytes: number): Promise<Buffer | undefined> {
  return await readToEnd(byThread(handle.fd), (await handle.stat()).size, maxBytes);
}

async function readToEnd(readOn: ReadOn, size: number, maxBytes: number): Promise<Buffer | undefined> {
  if (size > maxBytes) return undefined;
  let buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(size, LEAST_BUFFER), maxBytes) + 1);
  for (let length = 0; ; ) {
    const bytesRead = await readOn(buffer, length, buffer.byteLength - length);
    length += bytesRead;
    if (length > maxBytes) return undefined;
    if (bytesRead === 0) return buffer.subarray(0, length);
    if (length === buffer.byteLength) buffer = Buffer.concat([buffer], Math.min(2 * length, maxBytes) + 1);
  }
}

/** The names in a directory, sorted; none when there is no such directory. */
export async function namesIn(path: string): Promise<string[]> {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  }
}

export async function pathExists(path: string): Promise<boolean> {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Whether there is a regular file of so many bytes. */
export async function isFileOfSize(path: string, size: number): Promise<boolean> {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.isFile() && found.size === size;
}

/** A directory of its own below `parent`, removed with everything in it when disposed. */
export async function makeTempDirectory(parent: string, prefix: string): Promise<{ readonly path: string } & AsyncDisposable> {
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(parent, prefix));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const writeFd = promisify(write);

/** Writes all of it at a place: one call of write(2) may take a part. */
export async function writeAll(fd: number, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) at += (await writeFd(fd, bytes, at, bytes.byteLength - at, offset + at)).bytesWritten;
}

/** As `writeAll`, at once. */
export function writeAllSync(fd: number, bytes: Uint8Array, offset: number): void {
  for (let at = 0; at < bytes.byteLength; ) at += writeSync(fd, bytes, at, bytes.byteLength - at, offset + at);
}
