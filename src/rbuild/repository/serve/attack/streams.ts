import { setTimeout as delay } from "node:timers/promises";
import type { Body } from "../http/answer.ts";

const PIECE_BYTES = 64 * 1024;

export function lengthOf(body: Body): number {
  switch (body.kind) {
    case "bytes":
      return body.bytes.byteLength;
    case "file":
      return body.length;
    case "stream":
      return body.length ?? 0;
    case "takeover":
      return 0;
    default:
      return body satisfies never;
  }
}

/** What the honest answer would have sent. Its file is closed at the end. */
export async function* bytesOf(body: Body): AsyncGenerator<Uint8Array> {
  if (body.kind === "bytes") yield body.bytes;
  if (body.kind === "stream") yield* body.chunks;
  if (body.kind !== "file") return;
  using file = body.file;
  for (let done = 0; done < body.length; ) {
    const length = Math.min(PIECE_BYTES, body.length - done);
    const { bytesRead, buffer } = await file.handle.read(Buffer.alloc(length), 0, length, body.start + done);
    if (bytesRead === 0) return;
    done += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

export async function* half(body: Body): AsyncGenerator<Uint8Array> {
  let left = Math.floor(lengthOf(body) / 2);
  for await (const chunk of bytesOf(body)) {
    yield chunk.subarray(0, left);
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}

export async function* flipBit(chunks: AsyncIterable<Uint8Array>, at: number): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const chunk of chunks) {
    const index = at - position;
    const copy = Buffer.from(chunk);
    if (index >= 0 && index < copy.byteLength) copy[index] = (copy[index] ?? 0) ^ 1;
    position += chunk.byteLength;
    yield copy;
  }
}

export async function* paced(chunks: AsyncIterable<Uint8Array>, bytes: number, milliseconds: number): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let done = 0; done < chunk.byteLength; done += bytes) {
      yield chunk.subarray(done, done + bytes);
      await delay(milliseconds, undefined, { ref: false });
    }
  }
}

export async function* zeros(length: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(PIECE_BYTES);
  for (let left = length; left > 0; left -= PIECE_BYTES) yield piece.subarray(0, Math.min(left, PIECE_BYTES));
}

export async function* endlessZeros(): AsyncGenerator<Uint8Array> {
  for (;;) yield* zeros(PIECE_BYTES);
}
