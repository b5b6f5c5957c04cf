import { type FileHandle, open } from "node:fs/promises";
import { fileSize, type SparseExtent, type SparseMap, type TarEntry } from "../../system/index.ts";

/**
 * Files are kept with holes of whole, aligned blocks of this size, and only then. Which smaller holes a file has depends on the file
 * system it lies on and on how it was written; a layer's bytes must not.
 */
export const HOLE = 1024 * 1024;
const PROBE = 4096;
const ZEROS = Buffer.alloc(HOLE);

/**
 * The map a file has by its content alone: data is every aligned block that is not all zeros. Undefined for a file without such blocks.
 * Reads the file only where the archive's own map has data, and there mostly the first bytes of a block.
 */
export async function canonicalMap(entry: Pick<TarEntry, "size" | "sparse">, file: Uint8Array): Promise<SparseMap | undefined> {
  const realSize = fileSize(entry);
  if (realSize < HOLE) return undefined;
  await using handle = await open(Buffer.from(file));
  const data = entry.sparse?.extents ?? [{ offset: 0, size: realSize }];
  const extents: SparseExtent[] = [];
  for (const block of touchedBlocks(data)) {
    const offset = block * HOLE;
    const size = Math.min(HOLE, realSize - offset);
    if (await isZero(handle, offset, size)) continue;
    const last = extents.at(-1);
    if (last && last.offset + last.size === offset) extents[extents.length - 1] = { offset: last.offset, size: last.size + size };
    else extents.push({ offset, size });
  }
  const [only] = extents;
  return extents.length === 1 && only?.offset === 0 && only.size === realSize ? undefined : { realSize, extents };
}

/** Numbers of the blocks in which the extents have data, each once. */
function* touchedBlocks(extents: readonly SparseExtent[]): Generator<number, void, undefined> {
  let next = 0;
  for (const { offset, size } of extents) {
    const last = Math.floor((offset + size - 1) / HOLE);
    for (let block = Math.max(next, Math.floor(offset / HOLE)); block <= last; block++) yield block;
    next = Math.max(next, last + 1);
  }
}

async function isZero(handle: FileHandle, offset: number, size: number): Promise<boolean> {
  return (await isZeroRange(handle, offset, Math.min(size, PROBE))) && (await isZeroRange(handle, offset, size));
}

async function isZeroRange(handle: FileHandle, offset: number, size: number): Promise<boolean> {
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(size), 0, size, offset);
  return buffer.subarray(0, bytesRead).equals(ZEROS.subarray(0, bytesRead));
}
