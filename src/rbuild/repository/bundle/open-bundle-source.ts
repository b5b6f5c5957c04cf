import { constants, type FileHandle, open } from "node:fs/promises";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import type { MetadataSource } from "../../trust/index.ts";
import { isBundlePath, MAX_MEMBER_BYTES, MAX_MEMBERS } from "./bundle-paths.ts";

const BLOCK = 512;
const READ_BYTES = 2 ** 20;

/** Where a member's bytes are in the bundle. */
interface Member {
  readonly start: number;
  readonly size: number;
}

/** A bundle as a place to fetch from. Nothing that comes out of it is trusted, and nothing of it is written anywhere. */
export interface BundleSource extends AsyncDisposable {
  /** For `updateTrust`. */
  readonly metadata: MetadataSource;
  /** Bytes of a file that an index names, or undefined when it is not in the bundle, which has not all of them. */
  sizeOf(path: string): number | undefined;
  /**
   * The bytes of a file from `offset` on, as they are: whoever asks checks size and digest.
   * @throws RbuildError `repository.not-in-bundle`, `repository.bundle-damaged`
   */
  read(path: string, options?: { readonly offset?: number; readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
}

/**
 * Opens what `rbuild image bundle` wrote: a plain tar whose members are files of a repository, each once. Only headers are read; memory
 * is bounded by their number.
 * @throws RbuildError `repository.bundle-not-found`, `repository.bundle-damaged`
 */
export async function openBundleSource(path: string): Promise<BundleSource> {
  const handle = await openFile(path);
  try {
    const members = await readMembers(handle, path);
    return {
      metadata: { name: path, read: (name, maxBytes) => readWhole(handle, members.get(name), maxBytes, path) },
      sizeOf: (name) => members.get(name)?.size,
      read: (name, options = {}) => readChunks(handle, members, name, path, options),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "ENXIO")) throw notFound(path, error);
    throw error;
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw notFound(path);
}

async function readMembers(handle: FileHandle, path: string): Promise<Map<string, Member>> {
  const { size: end } = await handle.stat();
  const members = new Map<string, Member>();
  const block = Buffer.alloc(BLOCK);
  for (let position = 0; ; ) {
    if ((await handle.read(block, 0, BLOCK, position)).bytesRead !== BLOCK) throw damaged(path, "it ends before its end mark");
    if (block.every((byte) => byte === 0)) return members;
    const { name, size } = readHeader(block, path);
    const start = position + BLOCK;
    if (members.has(name)) throw damaged(path, `it has ${name} twice`);
    if (members.size >= MAX_MEMBERS) throw damaged(path, `it has more than ${MAX_MEMBERS} members`);
    if (start + size > end) throw damaged(path, `it ends in the middle of ${name}`);
    members.set(name, { start, size });
    position = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** POSIX.1-1988 ustar, the plainest form: no links, no extensions, no prefix. */
function readHeader(block: Buffer, path: string): Member & { readonly name: string } {
  const text = (from: number, length: number) => {
    const field = block.toString("latin1", from, from + length);
    const zero = field.indexOf("\0");
    return zero < 0 ? field : field.slice(0, zero);
  };
  const octal = (from: number, length: number) => {
    const digits = text(from, length).trim();
    return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  };
  const sum = block.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  if (octal(148, 8) !== sum) throw damaged(path, "a header's checksum is wrong");
  const name = text(0, 100);
  if (text(257, 6) !== "ustar" || text(156, 1) !== "0" || text(157, 100) !== "" || text(345, 155) !== "")
    throw damaged(path, "it has a member that is no plain file");
  if (!isBundlePath(name)) throw damaged(path, `it has a member ${JSON.stringify(name)}, which is no path of a repository`);
  const size = octal(124, 12);
  if (!(size >= 0 && size <= MAX_MEMBER_BYTES)) throw damaged(path, `the size of ${name} is none`);
  return { name, size, start: 0 };
}

async function readWhole(handle: FileHandle, member: Member | undefined, maxBytes: number, path: string): ReturnType<MetadataSource["read"]> {
  if (!member) return { kind: "absent" };
  if (member.size > maxBytes) return { kind: "too-large" };
  const bytes = new Uint8Array(member.size);
  let done = 0;
  while (done < member.size) {
    const { bytesRead } = await handle.read(bytes, done, member.size - done, member.start + done);
    if (bytesRead === 0) throw damaged(path, "it became shorter while it was read");
    done += bytesRead;
  }
  return { kind: "bytes", bytes };
}

async function* readChunks(
  handle: FileHandle,
  members: ReadonlyMap<string, Member>,
  name: string,
  path: string,
  { offset = 0, signal }: { readonly offset?: number; readonly signal?: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  const member = members.get(name);
  if (!member)
    throw new RbuildError("repository.not-in-bundle", `${path} does not have ${name}`, {
      category: "not-found",
      hint: "rbuild image bundle FILE NAME with the image that is wanted",
      details: { path, name },
    });
  for (let done = offset; done < member.size; ) {
    signal?.throwIfAborted();
    // The chunks are the reader's own.
    const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, member.size - done));
    const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, member.start + done);
    if (bytesRead === 0) throw damaged(path, "it became shorter while it was read");
    done += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

function notFound(path: string, cause?: unknown): RbuildError {
  return new RbuildError("repository.bundle-not-found", `there is no bundle ${path}`, {
    category: "not-found",
    hint: "name a file that rbuild image bundle wrote",
    cause,
    details: { path },
  });
}

function damaged(path: string, why: string): RbuildError {
  return new RbuildError("repository.bundle-damaged", `${path} is no bundle, or damaged: ${why}`, {
    category: "untrusted",
    hint: "copy it again, or have it written again: rbuild image bundle",
    details: { path, why },
  });
}
