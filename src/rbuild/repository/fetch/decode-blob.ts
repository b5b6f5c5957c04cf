import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { type Digest, DigestHasher } from "../../../oci/index.ts";
import { isSystemError, type RbuildError } from "../../../system/index.ts";
import { untrusted } from "./refusals.ts";

/** How the bytes of a file are to be read. */
export type Encoding = "plain" | "gzip" | "zstd";

/** Memory that a zstd frame may ask for: 128 MiB, as zstd's own program allows. */
const MAX_WINDOW_LOG = 27;
const READ_BYTES = 1024 * 1024;
/** What comes out at once. Larger pieces are new pages each time. */
const DECODED_BYTES = 256 * 1024;

/**
 * The blob that a file has, decoded on the way: never more than its size, and its last bytes only when all of them have its digest.
 * @throws RbuildError `trust.decompression-bomb`, `trust.wrong-bytes`
 */
export async function* decodedBlob(
  path: string,
  encoding: Encoding,
  blob: { readonly digest: Digest; readonly size: number },
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hasher = new DigestHasher();
  let held: Uint8Array | undefined;
  try {
    for await (const chunk of decoded(path, encoding)) {
      signal?.throwIfAborted();
      if (hasher.size + chunk.byteLength > blob.size)
        throw untrusted("trust.decompression-bomb", `${blob.digest} was to have ${blob.size} bytes, and its file gives more`);
      hasher.update(chunk);
      if (held) yield held;
      held = chunk;
    }
  } catch (error) {
    throw isDecoderError(error) ? wrongBytes(blob, `its file cannot be decoded as ${encoding}: ${error.message}`) : error;
  }
  const digest = hasher.digest();
  if (digest !== blob.digest || hasher.size !== blob.size) throw wrongBytes(blob, `its file gives ${hasher.size} bytes with the digest ${digest}`);
  if (held) yield held;
}

function decoded(path: string, encoding: Encoding): AsyncIterable<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  if (encoding === "plain") return file as AsyncIterable<Uint8Array>;
  const sized = { chunkSize: DECODED_BYTES };
  const decoder = encoding === "gzip" ? createGunzip(sized) : createZstdDecompress({ ...sized, params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG } });
  // Whoever reads the decoder sees its errors and the file's.
  pipeline(file, decoder, () => undefined);
  return decoder as AsyncIterable<Uint8Array>;
}

/** `Z_DATA_ERROR`, `ZSTD_error_…`, `ERR_ZSTD_…` and so on. */
function isDecoderError(error: unknown): error is Error {
  return isSystemError(error) && /^(?:Z_|ZSTD_|ERR_(?:ZLIB|ZSTD)|ERR_STREAM_PREMATURE_CLOSE)/.test(error.code ?? "");
}

function wrongBytes({ digest, size }: { readonly digest: Digest; readonly size: number }, why: string): RbuildError {
  return untrusted("trust.wrong-bytes", `the blob ${digest} of ${size} bytes cannot be made: ${why}`);
}
