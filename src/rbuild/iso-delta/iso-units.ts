import type { FileHandle } from "node:fs/promises";
import type { CoderSettings } from "./coder.ts";
import { kernelBlocks, LZ4_MAGIC } from "./kernel-blocks.ts";
import { readerOf } from "./read-at.ts";
import { squashfsBlocks } from "./squashfs/blocks.ts";
import { HEAD_BYTES, readSuperblock } from "./squashfs/superblock.ts";
import type { Unit } from "./unit.ts";

/** Of a CD, and of how ISO 9660 aligns files. Bytes. */
const SECTOR = 2048;
/** An ISO of so many bytes, or less, is cut into sectors; a larger one into pieces of more sectors, so that there are no more of them. */
const MAX_IN_SECTORS = 2 * 1024 ** 3;
const SCAN_BYTES = 8 * 1024 * 1024;
const SQUASHFS_MAGIC = Buffer.from("hsqs", "latin1");

/** Gives settings their number, the same for the same. */
export class Coders {
  readonly list: CoderSettings[] = [];

  numberOf(settings: CoderSettings): number {
    const known = this.list.findIndex((other) => JSON.stringify(other) === JSON.stringify(settings));
    return known >= 0 ? known : this.list.push(settings) - 1;
  }
}

/** Bytes of the pieces that ISOs of up to this size are cut into: a power of two. */
export const pieceSize = (size: number): number => SECTOR * 2 ** Math.max(0, Math.ceil(Math.log2(size / MAX_IN_SECTORS)));

/** All of a file in its order: the compressed blocks in it, and between them pieces of `piece` bytes, cut at multiples of that. */
export async function unitsOf(handle: FileHandle, size: number, coders: Coders, piece = SECTOR): Promise<Unit[]> {
  const units: Unit[] = [];
  let end = 0;
  const addPieces = (to: number) => {
    while (end < to) {
      const next = Math.min(to, (Math.floor(end / piece) + 1) * piece);
      units.push({ offset: end, length: next - end });
      end = next;
    }
  };
  for await (const magic of magics(handle, size)) {
    if (magic.offset < end) continue;
    const found = magic.kind === "squashfs" ? await squashfsAt(magic.offset, handle, size, coders) : await kernelAt(magic.offset, handle, size, coders);
    for (const unit of found?.units ?? []) {
      addPieces(unit.offset);
      units.push(unit);
      end += unit.length;
    }
    if (found) addPieces(found.end);
  }
  addPieces(size);
  return units;
}

/** Blocks that were found in their order, and where what they belong to ends. */
interface Found {
  readonly units: readonly Unit[];
  readonly end: number;
}

async function squashfsAt(start: number, handle: FileHandle, size: number, coders: Coders): Promise<Found | undefined> {
  const read = readerOf(handle, start);
  const superblock = size - start >= HEAD_BYTES ? readSuperblock(await read(0, HEAD_BYTES)) : undefined;
  if (!superblock || start + superblock.bytesUsed > size) return undefined;
  const found = await squashfsBlocks(superblock, read);
  if (!found) return undefined;
  const [data, metadata] = [coders.numberOf(found.data), coders.numberOf(found.metadata)];
  const units = found.blocks.map(({ offset, length, isMetadata }) => ({ offset: start + offset, length, coder: isMetadata ? metadata : data }));
  return { units, end: start + superblock.bytesUsed };
}

async function kernelAt(start: number, handle: FileHandle, size: number, coders: Coders): Promise<Found | undefined> {
  const found = await kernelBlocks(start, size, readerOf(handle));
  const last = found?.blocks.at(-1);
  if (!found || !last) return undefined;
  const coder = coders.numberOf(found.coder);
  return { units: found.blocks.map((block) => ({ ...block, coder })), end: last.offset + last.length };
}

/** What may be the begin of a squashfs, at a sector's start, or of a kernel's content, anywhere. */
async function* magics(handle: FileHandle, size: number): AsyncGenerator<{ readonly kind: "squashfs" | "kernel"; readonly offset: number }> {
  // What a piece has of the next: a magic may lie across their border.
  const overlap = LZ4_MAGIC.byteLength - 1;
  const buffer = Buffer.allocUnsafeSlow(SCAN_BYTES + overlap);
  for (let position = 0; position < size; position += SCAN_BYTES) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, position);
    const piece = buffer.subarray(0, bytesRead);
    const offsets = [...squashfsIn(piece), ...kernelsIn(piece)].sort((a, b) => a.offset - b.offset);
    for (const { kind, offset } of offsets) yield { kind, offset: position + offset };
  }
}

function* squashfsIn(piece: Buffer) {
  for (let offset = 0; offset < SCAN_BYTES; offset += SECTOR) {
    if (piece.subarray(offset, offset + 4).equals(SQUASHFS_MAGIC)) yield { kind: "squashfs", offset } as const;
  }
}

function* kernelsIn(piece: Buffer) {
  for (let offset = piece.indexOf(LZ4_MAGIC); offset >= 0; offset = piece.indexOf(LZ4_MAGIC, offset + 1)) yield { kind: "kernel", offset } as const;
}
