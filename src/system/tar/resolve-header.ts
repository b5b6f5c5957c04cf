import type { ByteString } from "./byte-string.ts";
import type { Extended } from "./extended-header.ts";
import type { HeaderBlock } from "./header-block.ts";
import { malformed, overLimit, type TarLimits } from "./limits.ts";
import { parsePaxTime } from "./pax-records.ts";
import { isSparseKey } from "./sparse-map.ts";
import type { TarEntryKind, TarHeader } from "./tar-entry.ts";

/** Keys that become fields, and so leave the map of other records. */
const FIELDS: ReadonlySet<string> = new Set(["path", "linkpath", "size", "uid", "gid", "uname", "gname", "mtime", "hdrcharset", "SCHILY.realsize"]);

/** Joins a header block with what extended headers say of it: PAX records before GNU long names before the block's own fields. */
export function resolveHeader(
  raw: HeaderBlock,
  extended: Extended,
  pax: ReadonlyMap<ByteString, ByteString>,
  limits: TarLimits,
  at: number,
): { readonly header: Omit<TarHeader, "kind" | "size" | "sparse">; readonly storedSize: number } {
  const get = (key: string) => pax.get(key as ByteString);
  const number = (key: string, fallback: number) => {
    const text = get(key);
    if (text === undefined) return fallback;
    const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value)) throw malformed(`the PAX record ${key} is not a number`, at);
    return value;
  };
  const path = (text: ByteString) => {
    if (text.length > limits.path) throw overLimit("a path", text.length, limits.path, at);
    if (text.includes("\0")) throw malformed("a path has a NUL in it", at);
    return text;
  };
  const mtimeText = get("mtime");
  const mtime = mtimeText === undefined ? { seconds: raw.mtime, nanoseconds: 0 } : parsePaxTime(mtimeText);
  if (mtime === undefined) throw malformed("the PAX record mtime is not a time", at);
  const isLink = raw.typeflag === "1" || raw.typeflag === "2";
  const isDevice = raw.typeflag === "3" || raw.typeflag === "4";
  return {
    header: {
      path: path(get("GNU.sparse.name") ?? get("path") ?? extended.longName ?? raw.name),
      mode: raw.mode,
      uid: number("uid", raw.uid),
      gid: number("gid", raw.gid),
      uname: get("uname") ?? raw.uname,
      gname: get("gname") ?? raw.gname,
      mtime,
      linkPath: isLink ? path(get("linkpath") ?? extended.longLink ?? raw.linkName) : ("" as ByteString),
      device: isDevice ? { major: raw.major, minor: raw.minor } : { major: 0, minor: 0 },
      pax: otherRecords(pax),
    },
    storedSize: isHeaderOnly(raw.typeflag) ? 0 : number("size", raw.size),
  };
}

function otherRecords(pax: ReadonlyMap<ByteString, ByteString>): ReadonlyMap<ByteString, ByteString> {
  const rest = new Map<ByteString, ByteString>();
  for (const [key, value] of pax) if (!FIELDS.has(key) && !isSparseKey(key)) rest.set(key, value);
  return rest;
}

/** Links, devices, directories and FIFOs have no body, whatever their size field says. */
export function isHeaderOnly(typeflag: string): boolean {
  return typeflag >= "1" && typeflag <= "6";
}

/** @param path with all extended headers applied: the block's own name may be cut off at any byte */
export function entryKind({ typeflag, size }: Pick<HeaderBlock, "typeflag" | "size">, path: ByteString): TarEntryKind {
  switch (typeflag) {
    case "\0":
    case "0":
      // Archives from before POSIX have no type for directories.
      return path.endsWith("/") && size === 0 ? "directory" : "file";
    case "7":
    case "S":
      return "file";
    case "1":
      return "hardlink";
    case "2":
      return "symlink";
    case "3":
      return "character-device";
    case "4":
      return "block-device";
    case "5":
    case "D":
      return "directory";
    case "6":
      return "fifo";
    default:
      return "other";
  }
}
