import { open } from "node:fs/promises";
import { type Digest, DigestHasher } from "../../../oci/index.ts";

/** A file that is one zstd frame with its checksum and its size, and nothing else. */
export interface Frame {
  /** What its decoder has to keep, bytes. */
  readonly window: number;
  /** Of what comes out, bytes, as the frame says. */
  readonly contentSize: number;
}

export interface InspectedFile {
  readonly size: number;
  readonly sha256: Digest;
  /** Undefined when the file is something else. */
  readonly frame: Frame | undefined;
}

const READ_BYTES = 1024 * 1024;
const MAGIC = 0xfd2fb528;
const BLOCK_HEADER = 3;
const CHECKSUM = 4;
const RLE = 1;
const RESERVED = 3;

/**
 * Reads a file once: its digest, and whether it is one complete frame. Blocks are walked over, not decoded, so that how much memory a frame
 * asks for, that it ends and that nothing follows it is known before any decoder sees it.
 * @param maxBytes no more is read; a longer file counts as one of that many bytes
 * @param start of what is looked at, bytes from the file's start
 */
export async function inspectFile(path: string, maxBytes: number, signal?: AbortSignal, start = 0): Promise<InspectedFile> {
  await using handle = await open(path);
  const hasher = new DigestHasher();
  const walk = new FrameWalk();
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  while (hasher.size < maxBytes) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.byteLength, maxBytes - hasher.size), start + hasher.size);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    hasher.update(chunk);
    walk.take(chunk);
  }
  return { size: hasher.size, sha256: hasher.digest(), frame: walk.frame() };
}

type State = "header" | "block" | "checksum" | "end" | "wrong";

/** Goes over a frame's bytes as they come. */
class FrameWalk {
  #state: State = "header";
  /** Bytes of what the state wants that have come, as far as they are not skipped. */
  #held = Buffer.alloc(0);
  /** Bytes of a block's content still to come. */
  #skip = 0;
  #frame: Frame | undefined;

  frame(): Frame | undefined {
    return this.#state === "end" ? this.#frame : undefined;
  }

  take(chunk: Buffer): void {
    let rest = this.#held.byteLength === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    while (rest.byteLength > 0) {
      const understood = this.#skip > 0 ? this.#pass(rest) : this.#step(rest);
      if (understood === 0) break;
      rest = rest.subarray(understood);
    }
    // Of a header that is not complete; a copy, for the chunk is overwritten.
    if (this.#state !== "wrong") this.#held = Buffer.from(rest);
  }

  #pass(bytes: Buffer): number {
    const passed = Math.min(this.#skip, bytes.byteLength);
    this.#skip -= passed;
    return passed;
  }

  /** Bytes that were understood; 0 when more are needed, or nothing can mend it. */
  #step(bytes: Buffer): number {
    switch (this.#state) {
      case "header": {
        const header = readHeader(bytes);
        if (header === "more") return 0;
        if (header === "wrong") return this.#refuse();
        this.#frame = header.frame;
        this.#state = "block";
        return header.length;
      }
      case "block": {
        if (bytes.byteLength < BLOCK_HEADER) return 0;
        // RFC 8878, 3.1.1.2: one bit for the last block, two for the type, 21 for the size.
        const header = bytes.readUIntLE(0, BLOCK_HEADER);
        const type = (header >> 1) & 3;
        if (type === RESERVED) return this.#refuse();
        this.#skip = type === RLE ? 1 : header >> 3;
        if ((header & 1) === 1) this.#state = "checksum";
        return BLOCK_HEADER;
      }
      case "checksum":
        if (bytes.byteLength < CHECKSUM) return 0;
        this.#state = "end";
        return CHECKSUM;
      default:
        return this.#refuse();
    }
  }

  #refuse(): 0 {
    this.#state = "wrong";
    return 0;
  }
}

/** RFC 8878, 3.1.1.1. Frames without a size or a checksum, or that name a dictionary, are not ours. */
function readHeader(bytes: Buffer): { readonly frame: Frame; readonly length: number } | "more" | "wrong" {
  if (bytes.byteLength < 5) return "more";
  if (bytes.readUInt32LE(0) !== MAGIC) return "wrong";
  const descriptor = bytes.readUInt8(4);
  const sizeFlag = descriptor >> 6;
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const hasReserved = (descriptor & 0x18) !== 0;
  const hasChecksum = (descriptor & 0x04) !== 0;
  if (hasReserved || !hasChecksum || (descriptor & 3) !== 0) return "wrong";
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
  if (sizeBytes === 0) return "wrong";
  const length = 5 + (isSingleSegment ? 0 : 1) + sizeBytes;
  if (bytes.byteLength < length) return "more";
  const contentSize = readSize(bytes.subarray(length - sizeBytes, length));
  return { frame: { contentSize, window: isSingleSegment ? contentSize : windowOf(bytes.readUInt8(5)) }, length };
}

function readSize(bytes: Buffer): number {
  switch (bytes.byteLength) {
    case 1:
      return bytes.readUInt8(0);
    case 2:
      return bytes.readUInt16LE(0) + 256;
    case 4:
      return bytes.readUInt32LE(0);
    default:
      return Number(bytes.readBigUInt64LE(0));
  }
}

/** RFC 8878, 3.1.1.1.2. */
function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
