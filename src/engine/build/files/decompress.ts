import { pipeTool } from "../../../system/index.ts";
import { decompressed } from "../../images/decompress.ts";

export type Compression = "none" | "gzip" | "bzip2" | "xz" | "zstd";

const MAGIC: readonly (readonly [Compression, Buffer])[] = [
  ["gzip", Buffer.from([0x1f, 0x8b])],
  ["bzip2", Buffer.from("BZh")],
  ["xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
  ["zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
];
const MAGIC_BYTES = 6;
const TAR_BLOCK = 512;

export function compressionOf(head: Uint8Array): Compression {
  return MAGIC.find(([, magic]) => magic.equals(head.subarray(0, magic.byteLength)))?.[0] ?? "none";
}

/** The stream decompressed, by its first bytes. */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { head, whole } = await peek(source, MAGIC_BYTES);
  switch (compressionOf(head)) {
    case "none":
      yield* whole;
      break;
    case "gzip":
      yield* decompressed(whole, "gzip", options);
      break;
    case "bzip2":
      yield* pipeTool("bzip2", ["-dc"], whole, options);
      break;
    case "xz":
      yield* pipeTool("xz", ["-dc"], whole, options);
      break;
    case "zstd":
      yield* decompressed(whole, "zstd", options);
      break;
  }
}

/** Whether a file's bytes, once decompressed, are a tar archive: the first header's checksum decides. */
export async function isTar(source: AsyncIterable<Uint8Array>): Promise<boolean> {
  try {
    const { head, close } = await peek(decompress(source), TAR_BLOCK);
    await close();
    if (head.byteLength < TAR_BLOCK) return false;
    const block = Buffer.from(head.subarray(0, TAR_BLOCK));
    const written = Number.parseInt(block.toString("latin1", 148, 156).replace(/[\0 ]+$/, ""), 8);
    return block.fill(" ", 148, 156).reduce((sum, byte) => sum + byte, 0) === written;
  } catch {
    return false;
  }
}

interface Peeked {
  /** The first bytes, or all there are. */
  readonly head: Buffer;
  /** Everything, `head` included. */
  readonly whole: AsyncGenerator<Uint8Array, void, undefined>;
  /** For who does not read `whole`. */
  readonly close: () => Promise<void>;
}

async function peek(source: AsyncIterable<Uint8Array>, size: number): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  while (length < size && !ended) {
    const { value, done } = await iterator.next();
    if (done) ended = true;
    else {
      chunks.push(value);
      length += value.byteLength;
    }
  }
  const first = Buffer.concat(chunks);
  const close = async (): Promise<void> => {
    if (!ended) await iterator.return?.();
    ended = true;
  };
  async function* whole(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield first;
      while (!ended) {
        const { value, done } = await iterator.next();
        if (done) ended = true;
        else yield value;
      }
    } finally {
      await close();
    }
  }
  return { head: first.subarray(0, size), whole: whole(), close };
}
