import type { ByteString } from "./byte-string.ts";
import { malformed } from "./limits.ts";
import { parseNumeric } from "./numbers.ts";

export const BLOCK = 512;

/** The fields of one 512-byte header, before extended headers are applied. */
export interface HeaderBlock {
  readonly typeflag: string;
  readonly name: ByteString;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly linkName: ByteString;
  readonly uname: ByteString;
  readonly gname: ByteString;
  readonly major: number;
  readonly minor: number;
}

/** POSIX.1-2017 ustar, GNU and pre-POSIX headers. `at` is the block's place, for errors. */
export function parseHeaderBlock(block: Buffer, at: number): HeaderBlock {
  const text = block.toString("latin1", 0, BLOCK);
  const stringAt = (offset: number, length: number) => {
    const end = text.indexOf("\0", offset);
    return text.slice(offset, end === -1 || end > offset + length ? offset + length : end) as ByteString;
  };
  const numberAt = (offset: number, length: number, field: string) => {
    const value = parseNumeric(block, offset, length);
    if (value === undefined) throw malformed(`the field ${field} is not a number`, at);
    return value;
  };
  checkSum(block, numberAt(148, 8, "checksum"), at);
  const magic = text.slice(257, 263);
  const isPosix = magic === "ustar\0";
  const isKnown = isPosix || magic === "ustar ";
  // star keeps its own times in the last bytes of the prefix.
  const prefix = isPosix ? stringAt(345, text.startsWith("tar\0", 508) ? 131 : 155) : "";
  const name = stringAt(0, 100);
  const size = numberAt(124, 12, "size");
  if (size < 0) throw malformed("the size is negative", at);
  return {
    typeflag: text[156] ?? "\0",
    name: (prefix === "" ? name : `${prefix}/${name}`) as ByteString,
    mode: numberAt(100, 8, "mode") & 0o7777,
    uid: unsigned(numberAt(108, 8, "uid")),
    gid: unsigned(numberAt(116, 8, "gid")),
    size,
    mtime: numberAt(136, 12, "mtime"),
    linkName: stringAt(157, 100),
    uname: isKnown ? stringAt(265, 32) : ("" as ByteString),
    gname: isKnown ? stringAt(297, 32) : ("" as ByteString),
    major: isKnown ? numberAt(329, 8, "devmajor") : 0,
    minor: isKnown ? numberAt(337, 8, "devminor") : 0,
  };
}

/** Owners that somebody wrote as negative numbers mean the unsigned 32-bit ones. */
function unsigned(id: number): number {
  return id < 0 ? id >>> 0 : id;
}

/** The sum of all bytes with the checksum's own as spaces; old tars summed signed bytes. */
function checkSum(block: Buffer, expected: number, at: number): void {
  let sum = 8 * 0x20;
  let signed = sum;
  for (let index = 0; index < BLOCK; index++) {
    if (index === 148) index = 156;
    const byte = block[index] ?? 0;
    sum += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  if (sum !== expected && signed !== expected) throw malformed("the header's checksum is wrong; this is no tar archive or it is damaged", at);
}

const ZERO_BLOCK = Buffer.alloc(BLOCK);
export function isZeroBlock(block: Buffer): boolean {
  return block[0] === 0 && block.equals(ZERO_BLOCK);
}

/** Bytes that fill a body up to a whole block. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
