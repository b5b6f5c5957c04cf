import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { RbuildError } from "../../system/index.ts";

const MAGIC: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["bzip2", [0x42, 0x5a, 0x68]],
];
const LONGEST_MAGIC = 6;

/**
 * An uploaded tar, uncompressed on the way when it is gzip or zstd: Docker's clients send any of them under one content type.
 * @throws RbuildError `server.compression-unsupported` for xz and bzip2, from the first read on
 */
export async function* uploadedTar(message: IncomingMessage): AsyncGenerator<Uint8Array> {
  // What a failed request leaves unread must stay readable, so that it can be dropped and the client gets its answer.
  const chunks = message.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  try {
    yield* uncompressed(chunks);
  } finally {
    await chunks.return?.();
  }
}

async function* uncompressed(chunks: AsyncIterator<Buffer>): AsyncGenerator<Uint8Array> {
  let head: Buffer = Buffer.alloc(0);
  while (head.byteLength < LONGEST_MAGIC) {
    const next = await chunks.next();
    if (next.done) break;
    head = head.byteLength === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  const whole = resume(head, chunks);
  const kind = MAGIC.find(([, bytes]) => bytes.every((byte, index) => head[index] === byte))?.[0];
  switch (kind) {
    case undefined:
      return yield* whole;
    case "gzip":
      return yield* Readable.from(whole, { objectMode: false }).compose(createGunzip()) as AsyncIterable<Buffer>;
    case "zstd":
      return yield* Readable.from(whole, { objectMode: false }).compose(createZstdDecompress()) as AsyncIterable<Buffer>;
    default:
      throw new RbuildError("server.compression-unsupported", `the uploaded archive is compressed with ${kind}; plain tar, gzip and zstd are read`, {
        category: "invalid",
        hint: "uncompress it first",
      });
  }
}

async function* resume(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.byteLength > 0) yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
