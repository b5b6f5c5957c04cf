import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import type { Digest } from "../../../oci/index.ts";
import { isSystemError, type RbuildError } from "../../../system/index.ts";
import { verifiedBytes } from "../../verified-bytes.ts";
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
  const refuse = ({ size, digest }: { readonly size: number; readonly digest?: Digest }) =>
    digest === undefined
      ? untrusted("trust.decompression-bomb", `${blob.digest} was to have ${blob.size} bytes, and its file gives more`)
      : wrongBytes(blob, `its file gives ${size} bytes with the digest ${digest}`);
  try {
    for await (const chunk of verifiedBytes(decoded(path, encoding), blob, refuse)) {
      signal?.throwIfAborted();
      yield chunk;
    }
  } catch (error) {
    throw isDecoderError(error) ? wrongBytes(blob, `its file cannot be decoded as ${encoding}: ${error.message}`) : error;
  }
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
