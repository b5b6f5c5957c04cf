import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import type { Digest } from "../../../oci/index.ts";
import { isSystemError, type RbuildError } from "../../../system/index.ts";
import type { SavedBlob } from "../../images/assemble/saved-blobs.ts";
import { IncomingFile } from "../../pool/incoming-file.ts";
import { untrusted } from "./refusals.ts";

/** How the bytes of a file are to be read. */
export type Encoding = "plain" | "gzip" | "zstd";

/** Memory that a zstd frame may ask for: 128 MiB, as zstd's own program allows. */
const MAX_WINDOW_LOG = 27;
const READ_BYTES = 1024 * 1024;

interface DecodeOptions {
  /** A new file of this name. */
  readonly output: string;
  readonly directory: string;
  readonly signal?: AbortSignal;
}

/**
 * The blob that a file has, decoded: exactly the bytes of its digest, and never more than its size is written.
 * @throws RbuildError `trust.decompression-bomb`, `trust.wrong-bytes`, `pool.no-space`
 */
export async function decodeBlob(
  path: string,
  encoding: Encoding,
  blob: { readonly digest: Digest; readonly size: number },
  { output, directory, signal }: DecodeOptions,
): Promise<SavedBlob> {
  await using file = await IncomingFile.create(directory);
  try {
    for await (const chunk of decoded(path, encoding)) {
      signal?.throwIfAborted();
      if (file.size + chunk.byteLength > blob.size)
        throw untrusted("trust.decompression-bomb", `${blob.digest} was to have ${blob.size} bytes, and its file gives more`);
      await file.write(chunk);
    }
  } catch (error) {
    throw isDecoderError(error) ? wrongBytes(blob, `its file cannot be decoded as ${encoding}: ${error.message}`) : error;
  }
  const digest = file.digest();
  if (digest !== blob.digest || file.size !== blob.size) throw wrongBytes(blob, `its file gives ${file.size} bytes with the digest ${digest}`);
  await file.commit(output);
  return { ...blob, path: output };
}

function decoded(path: string, encoding: Encoding): AsyncIterable<Uint8Array> {
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  if (encoding === "plain") return file as AsyncIterable<Uint8Array>;
  const decoder = encoding === "gzip" ? createGunzip() : createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG } });
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
