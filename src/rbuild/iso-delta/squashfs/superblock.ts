import { type CompressorSettings, HEADER_BYTES, STORED } from "../coder.ts";

/** Linux, `fs/squashfs/squashfs_fs.h`: `struct squashfs_super_block`, version 4.0. Positions are bytes from its start. */
export interface Superblock {
  readonly blockSize: number;
  readonly fragments: number;
  readonly inodes: number;
  /** How its blocks are compressed, where rbuild knows that compressor. */
  readonly compressor: CompressorSettings | undefined;
  /** Bytes of the file system, without what pads it. */
  readonly bytesUsed: number;
  readonly inodeTable: number;
  readonly directoryTable: number;
  readonly fragmentTable: number;
  /** Of inodes by number, for NFS. */
  readonly exportTable: number | undefined;
}

export const SUPERBLOCK_BYTES = 96;
/** The superblock and the compressor's options behind it. */
export const HEAD_BYTES = SUPERBLOCK_BYTES + HEADER_BYTES + 64;
const MAGIC = 0x73717368;
const HAS_OPTIONS = 0x0400;
const NONE = 0xffff_ffff_ffff_ffffn;

/** Undefined when there is no file system of this kind, or one that cannot be. @param head `HEAD_BYTES` of it */
export function readSuperblock(head: Buffer): Superblock | undefined {
  if (head.byteLength < HEAD_BYTES || head.readUInt32LE(0) !== MAGIC) return undefined;
  const [blockSize, blockLog] = [head.readUInt32LE(12), head.readUInt16LE(22)];
  const isVersion4 = head.readUInt16LE(28) === 4 && head.readUInt16LE(30) === 0;
  if (!isVersion4 || blockLog < 12 || blockLog > 20 || blockSize !== 2 ** blockLog) return undefined;
  const [bytesUsed, inodeTable, directoryTable, fragmentTable, exportTable] = [40, 64, 72, 80, 88].map((at) => position(head, at));
  if (bytesUsed === undefined || inodeTable === undefined || directoryTable === undefined || fragmentTable === undefined) return undefined;
  if (inodeTable < SUPERBLOCK_BYTES || inodeTable >= directoryTable || directoryTable > fragmentTable || fragmentTable > bytesUsed) return undefined;
  const options = (head.readUInt16LE(24) & HAS_OPTIONS) === 0 ? undefined : readOptions(head);
  return {
    blockSize,
    fragments: head.readUInt32LE(16),
    inodes: head.readUInt32LE(4),
    compressor: compressorOf(head.readUInt16LE(20), blockSize, options),
    bytesUsed,
    inodeTable,
    directoryTable,
    fragmentTable,
    exportTable: exportTable !== undefined && exportTable <= bytesUsed ? exportTable : undefined,
  };
}

function position(head: Buffer, at: number): number | undefined {
  const value = head.readBigUInt64LE(at);
  return value === NONE || value > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(value);
}

function readOptions(head: Buffer): Buffer {
  const size = head.readUInt16LE(SUPERBLOCK_BYTES) & ~STORED;
  const start = SUPERBLOCK_BYTES + HEADER_BYTES;
  return head.subarray(start, Math.min(start + size, HEAD_BYTES));
}

/** squashfs-tools, `*_wrapper.h`. Undefined for the compressors lzma and lzo, and where options are set that rbuild cannot repeat. */
function compressorOf(id: number, blockSize: number, options: Buffer | undefined): CompressorSettings | undefined {
  if (id === 1) return gzip(options);
  if (id === 4) return xz(blockSize, options);
  if (id === 5) return lz4(options);
  if (id === 6) return zstd(options);
  return undefined;
}

function zstd(options: Buffer | undefined): CompressorSettings | undefined {
  const level = options ? (options.byteLength >= 4 ? options.readUInt32LE(0) : 0) : 15;
  return level >= 1 && level <= 22 ? { kind: "zstd", level } : undefined;
}

/** The levels that mksquashfs uses without and with `-Xhc`. */
function lz4(options: Buffer | undefined): CompressorSettings | undefined {
  if (!options || options.byteLength < 8 || options.readUInt32LE(0) !== 1) return undefined;
  return { kind: "lz4", level: options.readUInt32LE(4) === 1 ? 12 : 1 };
}

function gzip(options: Buffer | undefined): CompressorSettings | undefined {
  if (!options) return { kind: "gzip", level: 9 };
  if (options.byteLength < 8) return undefined;
  const [level, window, strategies] = [options.readUInt32LE(0), options.readUInt16LE(4), options.readUInt16LE(6)];
  return level >= 1 && level <= 9 && window === 15 && strategies === 0 ? { kind: "gzip", level } : undefined;
}

function xz(blockSize: number, options: Buffer | undefined): CompressorSettings | undefined {
  if (!options) return { kind: "xz", dictionary: Math.max(blockSize, 4096), filters: [] };
  if (options.byteLength < 8) return undefined;
  const [dictionary, flags] = [options.readUInt32LE(0), options.readUInt32LE(4)];
  // One bit for each filter, in the order of their IDs from 4 on.
  const filters = [4, 5, 6, 7, 8, 9].filter((filter) => (flags & (1 << (filter - 4))) !== 0);
  return dictionary >= 4096 && dictionary <= blockSize && flags < 64 ? { kind: "xz", dictionary, filters } : undefined;
}
