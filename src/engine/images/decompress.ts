import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { LayerCompression } from "../../oci/index.ts";
import { isRbuildError, pipeTool, RbuildError } from "../../system/index.ts";
import type { ByteStream } from "../content/content-store.ts";

/** What a compressed stream may unfold to, in bytes: larger is an attack or a mistake. */
export const MAX_UNCOMPRESSED_BYTES = 256 * 1024 ** 3;

/** The stream without its compression. zstd is left to its own tool, which takes every frame of every size. */
export function decompressed(source: ByteStream, compression: LayerCompression, options: { readonly signal?: AbortSignal } = {}): ByteStream {
  switch (compression) {
    case "none":
      return source;
    case "gzip":
      return limited(gunzipped(source));
    case "zstd":
      return limited(unzstd(source, options));
    default:
      return compression satisfies never;
  }
}

/** How a stream is compressed, by its first bytes, and the stream still whole. */
export async function detectCompression(source: ByteStream): Promise<{ readonly compression: LayerCompression; readonly stream: ByteStream }> {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.byteLength < 4) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return { compression: compressionOf(head), stream: resumed(head, iterator) };
}

/** By magic number: RFC 1952, RFC 8878. */
function compressionOf(head: Buffer): LayerCompression {
  if (head.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) return "gzip";
  return head.subarray(0, 4).equals(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])) ? "zstd" : "none";
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

async function* unzstd(source: ByteStream, options: { readonly signal?: AbortSignal }): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* pipeTool("zstd", ["--decompress", "--stdout", "--quiet"], source, options);
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
