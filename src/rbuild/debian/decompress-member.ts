import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { decodeXz, pipeTool } from "../../system/index.ts";
import { malformedPackage } from "./ar-archive.ts";

export interface DecompressOptions {
  /** Compressed bytes, where they are known. */
  readonly size?: number;
  readonly signal?: AbortSignal;
}

type Decompressor = (source: AsyncIterable<Uint8Array>, options: DecompressOptions) => AsyncIterable<Uint8Array>;

/** Up to here starting a program costs more than waiting for a library. Bytes. */
const SMALL = 128 * 1024;
/** More than any preset of xz needs to decompress (65 MiB). */
const XZ_MEMORY = "512MiB";

/** By the ending of a member's name, after deb(5). Node's zstd has cut streams of several frames short: the program takes them all. */
const BY_ENDING: Readonly<Record<string, Decompressor>> = {
  "": (source) => source,
  ".gz": (source) => gunzip(source),
  ".xz": unxz,
  ".zst": (source, options) => pipeTool("zstd", ["--decompress", "--stdout", "--quiet"], source, options),
  ".bz2": (source, options) => pipeTool("bzip2", ["--decompress", "--stdout"], source, options),
};

/** The tar archive in a member such as `data.tar.xz`. `stem` is `control.tar` or `data.tar`. @throws RbuildError `package.malformed`, `tool.failed` */
export function decompressMember(name: string, stem: string, source: AsyncIterable<Uint8Array>, options: DecompressOptions): AsyncIterable<Uint8Array> {
  const ending = name.slice(stem.length);
  const decompressor = Object.hasOwn(BY_ENDING, ending) ? BY_ENDING[ending] : undefined;
  if (!decompressor) throw malformedPackage(`its member ${name} is compressed in a way that is not known here`);
  return decompressor(source, options);
}

async function* unxz(source: AsyncIterable<Uint8Array>, options: DecompressOptions): AsyncGenerator<Uint8Array, void, undefined> {
  let input = source;
  if (options.size !== undefined && options.size <= SMALL) {
    const bytes = Buffer.concat(await Array.fromAsync(source));
    const decoded = decodeXz(bytes);
    if (decoded) {
      yield decoded;
      return;
    }
    input = (async function* () {
      yield bytes;
    })();
  }
  yield* pipeTool("xz", ["--decompress", "--stdout", "--format=xz", `--memlimit-decompress=${XZ_MEMORY}`], input, options);
}

async function* gunzip(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, undefined> {
  const stream = createGunzip();
  const feeding = pipeline(source, stream);
  feeding.catch(() => undefined);
  yield* stream as AsyncIterable<Buffer>;
  await feeding;
}
