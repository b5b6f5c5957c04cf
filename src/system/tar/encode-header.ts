import { RbuildError } from "../errors.ts";
import { type ByteString, bytesOf, textOf } from "./byte-string.ts";
import { BLOCK, paddingOf } from "./header-block.ts";
import { fitsOctal, octal } from "./numbers.ts";
import { encodePaxRecord, formatPaxTime } from "./pax-records.ts";
import { encodePaxSparse1 } from "./sparse-map.ts";
import type { TarEntryKind, TarHeader } from "./tar-entry.ts";

const TYPEFLAG: Readonly<Record<Exclude<TarEntryKind, "other">, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
};

/**
 * The blocks that come before an entry's body: its ustar header, after a PAX header when something does not fit, and a sparse file's map.
 * The bytes depend on the fields alone. Records are sorted; what fits the ustar header is never repeated in a record.
 * @throws RbuildError `tar.unencodable`
 */
export function encodeTarHeader(header: TarHeader): Buffer {
  if (header.kind === "other") throw unencodable(header, "its type is unknown");
  const records = new Map<string, string>(header.pax);
  const map = header.sparse ? encodePaxSparse1(header.sparse) : undefined;
  const size = header.kind === "file" ? header.size + (map?.byteLength ?? 0) : 0;
  if (header.sparse) {
    records.set("GNU.sparse.major", "1");
    records.set("GNU.sparse.minor", "0");
    records.set("GNU.sparse.name", header.path);
    records.set("GNU.sparse.realsize", String(header.sparse.realSize));
  }
  const text = (key: string, value: ByteString, length: number) => {
    if (value.length > length || !/^[\x01-\x7f]*$/.test(value)) records.set(key, value);
    return value.slice(0, length);
  };
  const number = (key: string, value: number, length: number) => {
    if (fitsOctal(value, length)) return octal(value, length);
    if (value < 0 || !Number.isSafeInteger(value)) throw unencodable(header, `its ${key} is ${value}`);
    records.set(key, String(value));
    return octal(0, length);
  };
  const plainTime = header.mtime.nanoseconds === 0 && fitsOctal(header.mtime.seconds, 12);
  if (!plainTime) records.set("mtime", formatPaxTime(header.mtime));
  const block = ustarBlock({
    name: fieldName(header, header.sparse ? placeholderName(header.path).slice(0, 100) : text("path", header.path, 100)),
    mode: octal(header.mode & 0o7777, 8),
    uid: number("uid", header.uid, 8),
    gid: number("gid", header.gid, 8),
    size: number("size", size, 12),
    mtime: octal(fitsOctal(header.mtime.seconds, 12) ? header.mtime.seconds : 0, 12),
    typeflag: TYPEFLAG[header.kind],
    linkName: text("linkpath", header.linkPath, 100),
    uname: text("uname", header.uname, 32),
    gname: text("gname", header.gname, 32),
    major: deviceNumber(header, header.device.major),
    minor: deviceNumber(header, header.device.minor),
  });
  const extension = encodePaxHeader(records);
  return Buffer.concat([extension, block, map ?? Buffer.alloc(0)]);
}

function encodePaxHeader(records: ReadonlyMap<string, string>): Buffer {
  if (records.size === 0) return Buffer.alloc(0);
  const body = [...records]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => encodePaxRecord(key, value))
    .join("");
  const block = ustarBlock({
    name: "././@PaxHeader",
    mode: octal(0o644, 8),
    uid: octal(0, 8),
    gid: octal(0, 8),
    size: octal(body.length, 12),
    mtime: octal(0, 12),
    typeflag: "x",
    linkName: "",
    uname: "",
    gname: "",
    major: octal(0, 8),
    minor: octal(0, 8),
  });
  return Buffer.concat([block, Buffer.from(body, "latin1")], BLOCK + body.length + paddingOf(body.length));
}

type Fields = Readonly<Record<"name" | "mode" | "uid" | "gid" | "size" | "mtime" | "typeflag" | "linkName" | "uname" | "gname" | "major" | "minor", string>>;

function ustarBlock(fields: Fields): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(fields.name, 0, "latin1");
  block.write(fields.mode, 100, "latin1");
  block.write(fields.uid, 108, "latin1");
  block.write(fields.gid, 116, "latin1");
  block.write(fields.size, 124, "latin1");
  block.write(fields.mtime, 136, "latin1");
  block.write("        ", 148, "latin1");
  block.write(fields.typeflag, 156, "latin1");
  block.write(fields.linkName, 157, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  block.write(fields.uname, 265, "latin1");
  block.write(fields.gname, 297, "latin1");
  block.write(fields.major, 329, "latin1");
  block.write(fields.minor, 337, "latin1");
  let sum = 0;
  for (let index = 0; index < BLOCK; index++) sum += block[index] ?? 0;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

/** Where a long path is cut off after a slash, the file must not look like a directory to those who read no PAX records. */
function fieldName(header: TarHeader, name: string): string {
  return header.kind === "directory" || header.path.length <= 100 ? name : name.replace(/\/+$/, "");
}

/** What a tool that knows no sparse files extracts, as GNU tar names it but without a process id. */
function placeholderName(path: ByteString): string {
  const slash = path.lastIndexOf("/");
  return `${slash === -1 ? "." : path.slice(0, slash)}/GNUSparseFile.0/${path.slice(slash + 1)}`;
}

function deviceNumber(header: TarHeader, value: number): string {
  if (!fitsOctal(value, 8)) throw unencodable(header, `its device number ${value} is too large`);
  return octal(value, 8);
}

function unencodable(header: TarHeader, why: string): RbuildError {
  return new RbuildError("tar.unencodable", `${JSON.stringify(textOf(header.path))} cannot be put into a tar archive: ${why}`, {
    category: "invalid",
    details: { path: bytesOf(header.path).toString("base64") },
  });
}
