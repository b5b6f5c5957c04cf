// zstd frames made by hand, after RFC 8878: what no honest compressor writes.

export interface FrameParts {
  /** As the header says; eight bytes of it. */
  readonly contentSize: number | bigint;
  /** Byte of the window descriptor; without it the frame is a single segment, whose window is its content. */
  readonly window?: number;
  readonly blocks?: readonly Buffer[];
  readonly checksum?: boolean;
}

/** Exponent of a power of two, at least 10, as a window descriptor. */
export const windowDescriptor = (exponent: number): number => (exponent - 10) << 3;

export function frame({ contentSize, window, blocks = [rawBlock(Buffer.alloc(0), true)], checksum = true }: FrameParts): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(contentSize));
  const descriptor = (3 << 6) | (window === undefined ? 0x20 : 0) | (checksum ? 4 : 0);
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, ...(window === undefined ? [] : [window])]);
  return Buffer.concat([head, size, ...blocks, Buffer.alloc(checksum ? 4 : 0)]);
}

export const rawBlock = (bytes: Buffer, isLast = false): Buffer => Buffer.concat([blockHeader(0, bytes.byteLength, isLast), bytes]);

/** Four bytes that make `size` equal ones, at most 128 KiB. */
export const rleBlock = (size: number, isLast = false): Buffer => Buffer.concat([blockHeader(1, size, isLast), Buffer.from([0x61])]);

export function blockHeader(type: number, size: number, isLast: boolean): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((isLast ? 1 : 0) | (type << 1) | (size << 3), 0, 3);
  return header;
}
