import { type CoderSettings, codecFor } from "./coder.ts";
import type { ReadAt } from "./read-at.ts";
import type { Unit } from "./unit.ts";

/** Of LZ4's legacy format, as a kernel that is compressed with `lz4 -l` has it somewhere behind its first sectors. */
export const LZ4_MAGIC = Buffer.from([0x02, 0x21, 0x4c, 0x18]);
/** Content of each block but the last. */
const BLOCK = 8 * 1024 * 1024;
/** Of a block, as LZ4 bounds it. */
const MAX_PACKED = BLOCK + Math.ceil(BLOCK / 255) + 16;
/** Linux, `scripts/Makefile.lib`. */
const LEVEL = 9;

/** Blocks of such a kernel, whose magic is at `start`: each has four bytes of size before it. None where it is something else. */
export async function kernelBlocks(
  start: number,
  size: number,
  read: ReadAt,
): Promise<{ readonly coder: CoderSettings; readonly blocks: readonly Unit[] } | undefined> {
  const codec = codecFor("lz4");
  if (!codec) return undefined;
  const blocks: Unit[] = [];
  for (let at = start + LZ4_MAGIC.byteLength; at + 4 < size; ) {
    const length = (await read(at, 4)).readUInt32LE();
    at += 4;
    if (length === 0 || length > MAX_PACKED || at + length > size) break;
    const content = codec.decompress(await read(at, length), BLOCK);
    if (!content || content.byteLength === 0) break;
    blocks.push({ offset: at, length });
    at += length;
    if (content.byteLength < BLOCK) break;
  }
  return blocks.length === 0 ? undefined : { coder: { kind: "lz4", level: LEVEL, capacity: BLOCK, header: false, version: codec.version }, blocks };
}
