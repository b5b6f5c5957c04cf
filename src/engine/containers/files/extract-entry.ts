import {
  type BigIntStats,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
} from "node:fs";
import {
  bytesOf,
  dataOf,
  isSystemError,
  mknod,
  PAX_XATTR,
  RbuildError,
  setModificationTime,
  type TarEntry,
  textOf,
  writeAll,
  writeAllSync,
  writeXattr,
} from "../../../system/index.ts";
import { O_PATH, type OpenedPath, openInRoot } from "../../../system/kernel/open-in-root.ts";
import { childPath, removeTree } from "./remove-tree.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, O_DIRECTORY, S_IFMT, S_IFCHR, S_IFBLK, S_IFIFO } = constants;

/** Bytes. */
const SMALL = 128 * 1024;

export interface EntryPlace {
  readonly root: OpenedPath;
  /** Directory that the entry lies in. */
  readonly parent: OpenedPath;
  readonly name: Buffer;
  /** Path in the container of a link's target. */
  readonly linkTarget: string;
  readonly owner: { readonly uid: number; readonly gid: number };
  readonly noOverwriteDirNonDir: boolean;
}

/** Makes one member of a tar, in the place of what was there. @throws RbuildError `container.overwrite-refused` */
export async function extractEntry(entry: TarEntry, place: EntryPlace): Promise<void> {
  const { parent, name, owner } = place;
  const path = childPath(parent, name);
  const isKept = makeWay(entry, place, path);
  switch (entry.kind) {
    case "directory": {
      if (!isKept) mkdirSync(path, { mode: 0o700 });
      using directory = openInRoot(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      applyAttributes(entry, Buffer.from(`${directory.path}/.`), owner);
      return;
    }
    case "file":
      return await extractFile(entry, path, owner);
    case "symlink":
      symlinkSync(bytesOf(entry.linkPath), path);
      lchownSync(path, owner.uid, owner.gid);
      setModificationTime(path, nanoseconds(entry));
      return;
    case "hardlink":
      return extractHardlink(place, path);
    case "character-device":
    case "block-device":
    case "fifo":
      return extractNode(entry, typeBits(entry.kind), place, path);
    case "other":
      return;
    default:
      entry.kind satisfies never;
  }
}

async function extractFile(entry: TarEntry, path: Buffer, owner: EntryPlace["owner"]): Promise<void> {
  const fd = openSync(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
  try {
    for await (const { offset, bytes } of dataOf(entry)) {
      // Most files are small: waiting for another thread would take longer than the writing.
      if (entry.size <= SMALL) writeAllSync(fd, bytes, offset);
      else await writeAll(fd, bytes, offset);
    }
    if (entry.sparse) ftruncateSync(fd, entry.sparse.realSize);
    fchownSync(fd, owner.uid, owner.gid);
    writeXattrs(entry, path);
    fchmodSync(fd, entry.mode & 0o7777);
    const seconds = Number(nanoseconds(entry)) / 1e9;
    futimesSync(fd, seconds, seconds);
  } finally {
    closeSync(fd);
  }
  setModificationTime(path, nanoseconds(entry));
}

/** Its attributes are set by its descriptor: what a container puts in its place meanwhile may lead anywhere. */
function extractNode(entry: TarEntry, type: number, { parent, name, owner }: EntryPlace, path: Buffer): void {
  mknod(path, type | 0o600, entry.device);
  using node = openInRoot(parent, name, O_PATH | O_NOFOLLOW);
  if ((fstatSync(node.fd).mode & S_IFMT) !== type) return;
  chownSync(node.path, owner.uid, owner.gid);
  writeXattrs(entry, path);
  chmodSync(node.path, entry.mode & 0o7777);
  setModificationTime(path, nanoseconds(entry));
}

/** The link's target is resolved in the container; a link in the target's own place is linked, not followed. */
function extractHardlink({ root, linkTarget }: EntryPlace, path: Buffer): void {
  const slash = linkTarget.lastIndexOf("/");
  using parent = openInRoot(root, Buffer.from(linkTarget.slice(0, slash) || "/", "latin1"), O_PATH | O_DIRECTORY);
  linkSync(childPath(parent, Buffer.from(linkTarget.slice(slash + 1), "latin1")), path);
}

/** True when a directory stays where a directory comes. */
function makeWay(entry: TarEntry, { parent, name, noOverwriteDirNonDir }: EntryPlace, path: Buffer): boolean {
  const present = statIfThere(path);
  if (present === undefined) return false;
  const isDirectory = entry.kind === "directory";
  if (present.isDirectory() && isDirectory) return true;
  if (noOverwriteDirNonDir && present.isDirectory() !== isDirectory) {
    throw new RbuildError(
      "container.overwrite-refused",
      `${textOf(entry.path)} is a ${isDirectory ? "directory" : "file"} in the archive and a ${isDirectory ? "file" : "directory"} in the container`,
      { category: "invalid" },
    );
  }
  removeTree(parent, name);
  return false;
}

function statIfThere(path: Buffer): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Owner before mode and attributes: a change of owner takes the special bits and capabilities away. */
export function applyAttributes(entry: TarEntry, path: Buffer, owner: EntryPlace["owner"]): void {
  lchownSync(path, owner.uid, owner.gid);
  writeXattrs(entry, path);
  chmodSync(path, entry.mode & 0o7777);
  setModificationTime(path, nanoseconds(entry));
}

/** File capabilities and users' own attributes; the rest are the host's. */
function writeXattrs(entry: TarEntry, path: Buffer): void {
  for (const [key, value] of entry.pax) {
    if (!key.startsWith(PAX_XATTR)) continue;
    const name = key.slice(PAX_XATTR.length);
    if (name === "security.capability" || name.startsWith("user.")) writeXattr(path, name, bytesOf(value));
  }
}

export const nanoseconds = ({ mtime }: Pick<TarEntry, "mtime">): bigint => BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds);

function typeBits(kind: "character-device" | "block-device" | "fifo"): number {
  return kind === "fifo" ? S_IFIFO : kind === "block-device" ? S_IFBLK : S_IFCHR;
}
