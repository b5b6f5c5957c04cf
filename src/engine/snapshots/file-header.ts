import type { BigIntStats } from "node:fs";
import { readlink } from "node:fs/promises";
import { type ByteString, byteString, PAX_XATTR, readXattrs, type TarEntryKind, type TarHeader, tarHeader } from "../../system/index.ts";
import type { SeenFile } from "./lower-view.ts";

/** The tar header that makes a copy of a file. */
export async function fileHeader(path: ByteString, file: SeenFile): Promise<TarHeader> {
  const { stat } = file;
  const kind = kindOf(stat);
  const pax = new Map<ByteString, ByteString>();
  for (const [name, value] of readXattrs(file.path)) pax.set(`${PAX_XATTR}${name}` as ByteString, byteString(value));
  const seconds = stat.mtimeNs >= 0n ? stat.mtimeNs / 1_000_000_000n : (stat.mtimeNs - 999_999_999n) / 1_000_000_000n;
  return tarHeader({
    path,
    kind,
    mode: Number(stat.mode & 0o7777n),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtime: { seconds: Number(seconds), nanoseconds: Number(stat.mtimeNs - seconds * 1_000_000_000n) },
    size: kind === "file" ? Number(stat.size) : 0,
    ...(kind === "symlink" ? { linkPath: byteString(await readlink(file.path, { encoding: "buffer" })) } : {}),
    ...(kind === "character-device" || kind === "block-device" ? { device: deviceOf(stat.rdev) } : {}),
    pax,
  });
}

function kindOf(stat: BigIntStats): TarEntryKind {
  if (stat.isDirectory()) return "directory";
  if (stat.isFile()) return "file";
  if (stat.isSymbolicLink()) return "symlink";
  if (stat.isCharacterDevice()) return "character-device";
  if (stat.isBlockDevice()) return "block-device";
  return stat.isFIFO() ? "fifo" : "other";
}

/** gnu_dev_major(3), gnu_dev_minor(3). */
function deviceOf(rdev: bigint): { major: number; minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n)),
  };
}
