/** Fields of a ustar header as they shall stand there, right or wrong. Text is latin1: one character, one byte. */
export interface RawMember {
  readonly name: string;
  /** POSIX.1-2017 typeflag; a regular file unless it is given. */
  readonly type?: string;
  readonly link?: string;
  readonly body?: string | Uint8Array;
  /** The size field, where it is not the body's: a number, or the 12 bytes. */
  readonly size?: number | string;
  readonly mode?: number;
  readonly uid?: number;
  readonly device?: readonly [major: number, minor: number];
  readonly checksum?: string;
  readonly magic?: string;
  /** Fields behind the ustar ones, from byte 345 on. */
  readonly tail?: string;
}

const BLOCK = 512;
const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;

/** One member with its header block, nothing checked and nothing mended. */
export function rawMember(member: RawMember): Buffer {
  const { name, type = "0", link = "", mode = 0o644, uid = 0, device = [0, 0], magic = "ustar\x0000", tail = "" } = member;
  const body = Buffer.from(typeof member.body === "string" ? Buffer.from(member.body, "latin1") : (member.body ?? Buffer.alloc(0)));
  const header = Buffer.alloc(BLOCK);
  const put = (text: string, at: number, length: number) => header.write(text.slice(0, length), at, "latin1");
  put(name, 0, 100);
  put(octal(mode, 7), 100, 8);
  put(octal(uid, 7), 108, 8);
  put(octal(uid, 7), 116, 8);
  put(typeof member.size === "string" ? member.size : octal(member.size ?? body.byteLength, 11), 124, 12);
  put(octal(1_700_000_000, 11), 136, 12);
  put(type, 156, 1);
  put(link, 157, 100);
  put(magic, 257, 8);
  put(octal(device[0], 7), 329, 8);
  put(octal(device[1], 7), 337, 8);
  put(tail, 345, 167);
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(member.checksum ?? `${octal(sum, 6)} `, 148, 8);
  return Buffer.concat([header, body, Buffer.alloc((BLOCK - (body.byteLength % BLOCK)) % BLOCK)]);
}

/** An archive with its two closing blocks. */
export function rawTar(...members: readonly (RawMember | Buffer)[]): Buffer {
  const blocks = members.map((member) => (Buffer.isBuffer(member) ? member : rawMember(member)));
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/** A PAX extended header, `x` for the next member or `g` for all that follow. */
export function pax(records: Readonly<Record<string, string>>, type: "x" | "g" = "x"): Buffer {
  return rawMember({ name: "pax", type, body: Object.entries(records).map(record).join("") });
}

function record([key, value]: readonly [string, string]): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
}

/** GNU's long name (`L`) or long link target (`K`) of the next member. */
export const gnuLong = (type: "L" | "K", text: string): Buffer => rawMember({ name: "././@LongLink", type, body: `${text}\0` });
