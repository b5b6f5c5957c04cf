import type { FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { decodeXz, feedTool, pipeTool } from "../../system/index.ts";
import { malformedPackage } from "./ar-archive.ts";

export interface DecompressOptions {
  /** Compressed bytes, where they are known. */
  readonly size?: number;
  readonly signal?: AbortSignal;
}

/** Up to here starting a program costs more than waiting for a library. Bytes. */
const SMALL = 128 * 1024;
/** More than any preset of xz needs to decompress (65 MiB). */
const XZ_MEMORY = "512MiB";

type Decompressor = (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
type Program = readonly [command: string, ...args: string[]];

/** By the ending of a member's name, after deb(5). Node's zstd has cut streams of several frames short: the program takes them all. */
const BY_ENDING: Readonly<Record<string, Decompressor | Program>> = {
  "": (source) => source,
  ".gz": gunzip,
  ".xz": ["xz", "--decompress", "--stdout", "--format=xz", "--no-sparse", `--memlimit-decompress=${XZ_MEMORY}`],
  ".zst": ["zstd", "--decompress", "--stdout", "--quiet", "--no-sparse"],
  ".bz2": ["bzip2", "--decompress", "--stdout"],
};

/** The tar archive in a member such as `data.tar.xz`. `stem` is `control.tar` or `data.tar`. @throws RbuildError `package.malformed`, `tool.failed` */
export async function* decompressMember(
  name: string,
  stem: string,
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const way = wayOf(name, stem);
  if (typeof way === "function") {
    yield* way(source);
    return;
  }
  const [command, ...args] = way;
  let input = source;
  if (command === "xz" && options.size !== undefined && options.size <= SMALL) {
    const bytes = Buffer.concat(await Array.fromAsync(source));
    const decoded = decodeXz(bytes);
    if (decoded) {
      yield decoded;
      return;
    }
    input = once(bytes);
  }
  yield* pipeTool(command, args, input, options);
}

/**
 * As `decompressMember`, into an open file from where its offset is; programs write there themselves.
 * @throws as `decompressMember`
 */
export async function decompressMemberInto(
  file: FileHandle,
  name: string,
  stem: string,
  source: AsyncIterable<Uint8Array>,
  options: DecompressOptions,
): Promise<void> {
  const way = wayOf(name, stem);
  const isSmall = options.size !== undefined && options.size <= SMALL;
  if (typeof way === "object" && !isSmall) {
    const [command, ...args] = way;
    return await feedTool(command, args, source, { ...options, stdout: file.fd });
  }
  for await (const chunk of decompressMember(name, stem, source, options)) {
    for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten;
  }
}

function wayOf(name: string, stem: string): Decompressor | Program {
  const ending = name.slice(stem.length);
  const way = Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined;
  if (!way) throw malformedPackage(`its member ${name} is compressed in a way that is not known here`);
  return way;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  const stream = createGunzip();
  const feeding = pipeline(source, stream);
  feeding.catch(() => undefined);
  yield* stream as AsyncIterable<Buffer>;
  await feeding;
}
