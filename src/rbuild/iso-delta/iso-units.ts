import type { FileHandle } from "node:fs/promises";
import type { CoderSettings } from "./coder.ts";
import { readerOf } from "./read-at.ts";
import { squashfsBlocks } from "./squashfs/blocks.ts";
import { HEAD_BYTES, readSuperblock } from "./squashfs/superblock.ts";
import type { Unit } from "./unit.ts";

/** Of a CD, and of how ISO 9660 aligns files. Bytes. */
export const SECTOR = 2048;
const SCAN_BYTES = 8 * 1024 * 1024;

/** Gives settings their number, the same for the same. */
export class Coders {
  readonly list: CoderSettings[] = [];

  numberOf(settings: CoderSettings): number {
    const known = this.list.findIndex((other) => JSON.stringify(other) === JSON.stringify(settings));
    return known >= 0 ? known : this.list.push(settings) - 1;
  }
}

/** All of a file in its order: the compressed blocks of each squashfs in it, and between them sectors, cut where the file's own are. */
export async function unitsOf(handle: FileHandle, size: number, coders: Coders): Promise<Unit[]> {
  const units: Unit[] = [];
  let end = 0;
  const addSectors = (to: number) => {
    while (end < to) {
      const next = Math.min(to, (Math.floor(end / SECTOR) + 1) * SECTOR);
      units.push({ offset: end, length: next - end });
      end = next;
    }
  };
  for await (const start of magics(handle, size)) {
    if (start < end) continue;
    const read = readerOf(handle, start);
    const superblock = size - start >= HEAD_BYTES ? readSuperblock(await read(0, HEAD_BYTES)) : undefined;
    if (!superblock || start + superblock.bytesUsed > size) continue;
    const found = await squashfsBlocks(superblock, read);
    if (!found) continue;
    const [data, metadata] = [coders.numberOf(found.data), coders.numberOf(found.metadata)];
    for (const { offset, length, isMetadata } of found.blocks) {
      addSectors(start + offset);
      units.push({ offset: end, length, coder: isMetadata ? metadata : data });
      end += length;
    }
    addSectors(start + superblock.bytesUsed);
  }
  addSectors(size);
  return units;
}

/** Sectors that begin as a squashfs does. */
async function* magics(handle: FileHandle, size: number): AsyncGenerator<number> {
  const buffer = Buffer.allocUnsafeSlow(SCAN_BYTES);
  for (let position = 0; position < size; position += SCAN_BYTES) {
    const { bytesRead } = await handle.read(buffer, 0, SCAN_BYTES, position);
    for (let at = 0; at + 4 <= bytesRead; at += SECTOR) if (buffer.toString("latin1", at, at + 4) === "hsqs") yield position + at;
  }
}
