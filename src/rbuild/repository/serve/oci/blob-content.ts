import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { verifiedBytes } from "../../../verified-bytes.ts";
import type { OpenedFile, OpenFiles } from "../files/open-files.ts";
import { MAX_DECODING } from "../limits.ts";
import type { Blob } from "./catalog.ts";

/** The bytes of a blob: as a file, or decoded on the way from what is kept instead. */
export type BlobContent =
  | { readonly kind: "plain"; readonly file: OpenedFile }
  | { readonly kind: "decoded"; readonly chunks: () => AsyncIterable<Uint8Array> }
  | { readonly kind: "absent" };

const PIECE_BYTES = 128 * 1024;
/** Free places, and who waits for one. */
let places = MAX_DECODING;
const waiting: (() => void)[] = [];

export async function openBlob(blob: Blob, files: OpenFiles): Promise<BlobContent> {
  const plain = blob.plain && (await files.open(blob.plain.path, true));
  if (plain) {
    if (plain.size === blob.size) return { kind: "plain", file: plain };
    plain[Symbol.dispose]();
  }
  // zstd is quicker to undo: the last of the sorted encodings.
  for (const { path, encoding } of blob.encodings.toReversed()) {
    const file = await files.open(path, true);
    file?.[Symbol.dispose]();
    if (file) return { kind: "decoded", chunks: () => decode(blob, path, encoding, files) };
  }
  return { kind: "absent" };
}

/**
 * Decodes and checks: never more than the blob's size, and its last bytes only when all of them have its digest. A decoder takes up to
 * 128 MiB, which is what zstd allows a frame without being asked.
 * @throws Error when it is not the blob; what was given until then is not all of it
 */
async function* decode(blob: Blob, path: string, encoding: "gzip" | "zstd", files: OpenFiles): AsyncGenerator<Uint8Array> {
  using file = await files.open(path, true);
  if (!file) throw new Error(`${path} has gone`);
  if (places > 0) places--;
  else await new Promise<void>((resolve) => waiting.push(resolve));
  const source = Readable.from(piecesOf(file), { objectMode: false });
  const decoder = encoding === "gzip" ? createGunzip() : createZstdDecompress();
  source.on("error", (error) => decoder.destroy(error)).pipe(decoder);
  try {
    yield* verifiedBytes(
      decoder as AsyncIterable<Buffer>,
      blob,
      ({ size, digest }) => new Error(`${path} has ${digest ?? `${size} bytes or more`}, not ${blob.digest}`),
    );
  } finally {
    const next = waiting.shift();
    if (next) next();
    else places++;
    source.destroy();
    decoder.destroy();
  }
}

async function* piecesOf({ handle, size }: OpenedFile): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < size; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
