import { pipeline } from "node:stream/promises";
import type { LayerCompression } from "../../oci/index.ts";
import { isRbuildError, pipeTool, RbuildError } from "../../system/index.ts";
import type { ByteStream } from "./content-store.ts";

/** What archives from outside come in; layers have the first three. */
export type Compression = LayerCompression | "bzip2" | "xz";

/** What a compressed stream may unfold to, in bytes: larger is an attack or a mistake. */
const MAX_UNCOMPRESSED_BYTES = 256 * 1024 ** 3;

/** RFC 1952, RFC 8878, bzip2's and xz's own format descriptions. */
const MAGIC: readonly (readonly [Exclude<Compression, "none">, Buffer])[] = [
  ["gzip", Buffer.from([0x1f, 0x8b])],
  ["zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ["bzip2", Buffer.from("BZh")],
  ["xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
];
const MAGIC_BYTES = 6;

/** Each takes every frame of every size; xz, whose streams say how much memory they need, at most this much. */
const TOOLS = {
  zstd: ["zstd", "--decompress", "--stdout", "--quiet"],
  bzip2: ["bzip2", "--decompress", "--stdout"],
  xz: ["xz", "--decompress", "--stdout", "--memlimit-decompress=512MiB"],
} as const;

/** The stream without its compression, which its first bytes tell. @throws RbuildError `image.decompression-failed`, `image.too-large`, `tool.missing` */
export async function* decompress(source: ByteStream, options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array, void, undefined> {
  const { compression, stream } = await detectCompression(source);
  yield* decompressed(stream, compression, options);
}

/** The stream without its compression. */
export function decompressed(source: ByteStream, compression: Compression, options: { readonly signal?: AbortSignal } = {}): ByteStream {
  switch (compression) {
    case "none":
      return source;
    case "gzip":
      return limited(gunzipped(source));
    case "zstd":
    case "bzip2":
    case "xz":
      return limited(throughTool(source, TOOLS[compression], options));
    default:
      return compression satisfies never;
  }
}

/** How a stream is compressed, by its first bytes, and the stream still whole. */
export async function detectCompression(source: ByteStream): Promise<{ readonly compression: Compression; readonly stream: ByteStream }> {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.byteLength < MAGIC_BYTES) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const compression = MAGIC.find(([, magic]) => magic.equals(head.subarray(0, magic.byteLength)))?.[0] ?? "none";
  return { compression, stream: resumed(head, iterator) };
}

async function* resumed(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (head.byteLength > 0) yield head;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

async function* gunzipped(source: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  // loading it takes two milliseconds, and few commands unpack anything
  const { createGunzip } = await import("node:zlib");
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const running = pipeline(source, gunzip);
  running.catch(() => undefined);
  try {
    yield* gunzip as AsyncIterable<Uint8Array>;
    await running;
  } catch (error) {
    // An error of the source is thrown by the pipeline, and comes here as the stream's early end.
    const cause = await running.then(
      () => error,
      (failure: unknown) => failure,
    );
    throw [error, cause].find(isZlibError) === undefined ? cause : notDecompressible(error);
  } finally {
    gunzip.destroy();
  }
}

async function* throughTool(
  source: ByteStream,
  [command, ...args]: (typeof TOOLS)[keyof typeof TOOLS],
  options: { readonly signal?: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* pipeTool(command, args, source, options);
  } catch (error) {
    throw isRbuildError(error, "tool.failed") ? notDecompressible(error) : error;
  }
}

const isZlibError = (error: unknown) => error instanceof Error && "code" in error && String(error.code).startsWith("Z_");

function notDecompressible(cause: unknown): RbuildError {
  return new RbuildError("image.decompression-failed", "the compressed data is damaged or cut off", { category: "invalid", cause });
}

async function* limited(source: ByteStream): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.byteLength;
    if (size > MAX_UNCOMPRESSED_BYTES) {
      throw new RbuildError("image.too-large", `the compressed data unfolds to more than ${MAX_UNCOMPRESSED_BYTES} bytes`, { category: "invalid" });
    }
    yield chunk;
  }
}
