import type { ByteReader } from "./byte-reader.ts";
import type { ByteString } from "./byte-string.ts";
import { malformed, overLimit, type TarLimits, truncated } from "./limits.ts";
import { parseNumeric } from "./numbers.ts";
import type { PaxRecord } from "./pax-records.ts";

/** Bytes of data in a file with holes. */
export interface SparseExtent {
  readonly offset: number;
  readonly size: number;
}

/** Where the data of a sparse file lies: ascending, apart from each other, none empty; everything else is zero. */
export interface SparseMap {
  /** Bytes of the file, holes included. */
  readonly realSize: number;
  readonly extents: readonly SparseExtent[];
}

/** Makes a map of what an archive says. The data must be exactly `packedSize` bytes. */
export function checkSparseMap(numbers: readonly number[], realSize: number, packedSize: number, at: number): SparseMap {
  const extents: SparseExtent[] = [];
  let end = 0;
  let total = 0;
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    const offset = numbers[index] ?? 0;
    const size = numbers[index + 1] ?? 0;
    if (offset < end || offset + size > realSize) throw malformed("a sparse file's map overlaps itself or leaves the file", at);
    end = offset + size;
    total += size;
    if (size > 0) extents.push({ offset, size });
  }
  if (total !== packedSize) throw malformed(`a sparse file's map speaks of ${total} bytes and ${packedSize} are stored`, at);
  return { realSize, extents };
}

/** The map of a type `S` entry: four extents in the header at 386, 21 in each extension block after it. GNU tar manual, "Old GNU Format". */
export async function readOldGnuMap(header: Buffer, reader: ByteReader, packedSize: number, limits: TarLimits): Promise<SparseMap> {
  const at = reader.position - 512;
  const realSize = parseNumeric(header, 483, 12);
  const numbers: number[] = [];
  let more = collectExtents(header, 386, 4, numbers) && header[482] !== 0;
  while (more) {
    const block = await reader.take(512);
    if (block === undefined) throw truncated(reader.position);
    more = collectExtents(block, 0, 21, numbers) && block[504] !== 0;
    if (numbers.length > 2 * limits.sparseExtents) throw overLimit("a number of sparse extents", numbers.length / 2, limits.sparseExtents, at);
  }
  if (realSize === undefined || realSize < 0) throw malformed("a sparse file has no size", at);
  return checkSparseMap(numbers, realSize, packedSize, at);
}

function collectExtents(block: Buffer, start: number, count: number, into: number[]): boolean {
  for (let index = 0; index < count; index++) {
    const at = start + index * 24;
    if (block[at] === 0) return index > 0;
    const offset = parseNumeric(block, at, 12) ?? -1;
    const size = parseNumeric(block, at + 12, 12) ?? -1;
    // Negative numbers are caught as an overlap by checkSparseMap.
    into.push(offset, size < 0 ? -1 : size);
  }
  return true;
}

/** Extents of PAX sparse format 0.0 (`GNU.sparse.offset`, `.numbytes` by turns) and 0.1 (`GNU.sparse.map`). */
export function paxSparseNumbers(records: readonly PaxRecord[], limits: TarLimits, at: number): number[] {
  const texts = records.flatMap(([key, value]) => {
    if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") return [value];
    return key === "GNU.sparse.map" ? value.split(",") : [];
  });
  if (texts.length > 2 * limits.sparseExtents) throw overLimit("a number of sparse extents", texts.length / 2, limits.sparseExtents, at);
  return texts.map((text) => parseDecimal(text, at));
}

/** The map that starts the body in PAX sparse format 1.0: count and numbers, a line each, filled up to a block. */
export async function readPaxSparse1(reader: ByteReader, storedSize: number, limits: TarLimits): Promise<{ numbers: number[]; bytes: number }> {
  const at = reader.position;
  let text = "";
  let bytes = 0;
  const numbers: number[] = [];
  let expected: number | undefined;
  while (expected === undefined || numbers.length < expected) {
    if (bytes >= storedSize) throw malformed("a sparse file's map does not end", at);
    const block = await reader.take(512);
    if (block === undefined) throw truncated(reader.position);
    bytes += 512;
    text += block.toString("latin1");
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      if (expected === undefined) {
        const count = parseDecimal(line, at);
        if (count > limits.sparseExtents) throw overLimit("a number of sparse extents", count, limits.sparseExtents, at);
        expected = 2 * count;
      } else if (numbers.length < expected) numbers.push(parseDecimal(line, at));
    }
    if (text.length > 512) throw malformed("a sparse file's map has no line ends", at);
  }
  return { numbers, bytes };
}

export function encodePaxSparse1(map: SparseMap): Buffer {
  const lines: number[] = map.extents.flatMap(({ offset, size }) => [offset, size]);
  const last = map.extents.at(-1);
  // GNU tar sets a file's length by an empty extent at its end.
  if ((last ? last.offset + last.size : 0) < map.realSize) lines.push(map.realSize, 0);
  const text = `${[lines.length / 2, ...lines].join("\n")}\n`;
  return Buffer.concat([Buffer.from(text, "latin1")], Math.ceil(text.length / 512) * 512);
}

function parseDecimal(text: string, at: number): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw malformed("a sparse file's map has something that is no number", at);
  return value;
}

export function isSparseKey(key: ByteString): boolean {
  return key.startsWith("GNU.sparse.");
}
