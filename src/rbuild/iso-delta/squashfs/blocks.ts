import type { BlockCodec } from "../../../system/index.ts";
import { type CoderSettings, codecFor, HEADER_BYTES, METADATA_BLOCK, STORED, unpack } from "../coder.ts";
import type { ReadAt } from "../read-at.ts";
import { blockRuns } from "./inodes.ts";
import type { Superblock } from "./superblock.ts";

/** A compressed block of a squashfs, bytes from the start of the file system. */
export interface Block {
  readonly offset: number;
  readonly length: number;
  readonly isMetadata: boolean;
}

/** How a file system's blocks of data and of metadata are made, and where they are, in their order and none over another. */
export interface SquashfsBlocks {
  readonly data: CoderSettings;
  readonly metadata: CoderSettings;
  readonly blocks: readonly Block[];
}

/** Of each table, compressed and not. Bytes. */
const MAX_TABLE = 512 * 1024 * 1024;
const STORED_DATA = 1 << 24;
const FRAGMENT_ENTRY = 16;

/** The compressed blocks of a squashfs. Undefined when rbuild does not understand it: then its bytes are taken as they are. */
export async function squashfsBlocks(superblock: Superblock, read: ReadAt): Promise<SquashfsBlocks | undefined> {
  const { compressor, blockSize } = superblock;
  const codec = compressor && codecFor(compressor.kind);
  if (!codec) return undefined;
  const { version } = codec;
  const data: CoderSettings = { ...compressor, capacity: blockSize, header: false, version };
  const small = compressor.kind === "xz" ? { ...compressor, dictionary: METADATA_BLOCK, filters: [] } : compressor;
  const metadata: CoderSettings = { ...small, capacity: METADATA_BLOCK, header: true, version };
  try {
    const blocks = await findBlocks(superblock, read, (block) => unpackMetadata(block, metadata, codec));
    return { data, metadata, blocks };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

type UnpackMetadata = (block: Buffer) => Buffer;

function unpackMetadata(block: Buffer, settings: CoderSettings, codec: BlockCodec): Buffer {
  const content = (block.readUInt16LE(0) & STORED) === 0 ? unpack(block, settings, codec) : block.subarray(HEADER_BYTES);
  if (!content) throw new RangeError("a block of metadata that is damaged");
  return content;
}

/** @throws RangeError */
async function findBlocks(superblock: Superblock, read: ReadAt, unpackBlock: UnpackMetadata): Promise<Block[]> {
  const { inodeTable, directoryTable, fragmentTable, exportTable, fragments, inodes, blockSize } = superblock;
  const fragmentBlocks = await chainStart(fragmentTable, Math.ceil((fragments * FRAGMENT_ENTRY) / METADATA_BLOCK), read);
  const exportBlocks = exportTable === undefined ? undefined : await chainStart(exportTable, Math.ceil((inodes * 8) / METADATA_BLOCK), read);
  const inodeChain = await readChain(inodeTable, directoryTable, read);
  const directoryChain = await readChain(directoryTable, fragmentBlocks ?? fragmentTable, read);
  const fragmentChain = fragmentBlocks === undefined ? [] : await readChain(fragmentBlocks, fragmentTable, read);
  const exportChain = exportBlocks === undefined || exportTable === undefined ? [] : await readChain(exportBlocks, exportTable, read);
  const found = new Map<number, Block>();
  const add = (offset: number, size: number) => {
    const length = size & ~STORED_DATA;
    if (length > 0 && (size & STORED_DATA) === 0) found.set(offset, { offset, length, isMetadata: false });
    return offset + length;
  };
  for (const { start, sizes } of blockRuns(contentOf(inodeChain, unpackBlock), inodes, blockSize)) sizes.reduce(add, start);
  const entries = contentOf(fragmentChain, unpackBlock);
  for (let index = 0; index < fragments; index++) {
    const at = index * FRAGMENT_ENTRY;
    add(Number(entries.readBigUInt64LE(at)), entries.readUInt32LE(at + 8));
  }
  for (const { offset, bytes } of [...inodeChain, ...directoryChain, ...fragmentChain, ...exportChain]) {
    if ((bytes.readUInt16LE(0) & STORED) === 0) found.set(offset, { offset, length: bytes.byteLength, isMetadata: true });
  }
  return inOrder([...found.values()], superblock);
}

function contentOf(chain: readonly MetadataBlock[], unpackBlock: UnpackMetadata): Buffer {
  const contents: Buffer[] = [];
  let size = 0;
  for (const { bytes } of chain) {
    const content = unpackBlock(bytes);
    size += content.byteLength;
    if (size > MAX_TABLE) throw new RangeError("a table that is too long");
    contents.push(content);
  }
  return Buffer.concat(contents);
}

function inOrder(blocks: Block[], { bytesUsed, blockSize }: Superblock): Block[] {
  let end = 0;
  for (const { offset, length } of blocks.sort((a, b) => a.offset - b.offset)) {
    if (offset < end || length > Math.max(blockSize, METADATA_BLOCK) || offset + length > bytesUsed) throw new RangeError("blocks that cannot be");
    end = offset + length;
  }
  return blocks;
}

interface MetadataBlock {
  readonly offset: number;
  /** With its header. */
  readonly bytes: Buffer;
}

/** Blocks of metadata that follow each other from `start` to `end`. */
async function readChain(start: number, end: number, read: ReadAt): Promise<MetadataBlock[]> {
  if (end < start || end - start > MAX_TABLE) throw new RangeError("a table that cannot be");
  const table = await read(start, end - start);
  const chain: MetadataBlock[] = [];
  for (let at = 0; at < table.byteLength; ) {
    const next = at + HEADER_BYTES + (table.readUInt16LE(at) & ~STORED);
    if (next > table.byteLength || next === at + HEADER_BYTES) throw new RangeError("a block of metadata that ends behind its table");
    chain.push({ offset: start + at, bytes: table.subarray(at, next) });
    at = next;
  }
  return chain;
}

/** Where the blocks of a table begin whose list of positions is at `list`. Undefined when it has none. */
async function chainStart(list: number, count: number, read: ReadAt): Promise<number | undefined> {
  return count === 0 ? undefined : Number((await read(list, 8)).readBigUInt64LE(0));
}
