import { type ByteString, byteString } from "../../../system/tar/index.ts";
import { ancestorsOf, hardLinkGroups, type Inode, parentOf, sortedPaths, type Tree } from "./tree.ts";

/** Prefix of the name that deletes another: OCI image-spec, layer.md, "Whiteouts". */
export const WHITEOUT_PREFIX = ".wh.";

/** What a layer has: entries of the new tree, and names of the old one that are gone. */
export interface TreeDiff {
  /** Paths of the new tree, changed ones and the directories they lie in. */
  readonly entries: ReadonlySet<ByteString>;
  /** Topmost deleted paths of the old tree. */
  readonly deleted: readonly ByteString[];
}

/**
 * What leads from one tree to another. Of hard links either all names are in it or none. Every directory above a change is in it,
 * because some engines unpack each layer alone.
 */
export function diffTrees(before: Tree, after: Tree): TreeDiff {
  const entries = new Set<ByteString>();
  const linksBefore = hardLinkGroups(before);
  const linksAfter = hardLinkGroups(after);
  for (const [path, inode] of after) {
    const old = before.get(path);
    const isSame = old !== undefined && inodesEqual(old, inode) && namesEqual(linksBefore.get(old), linksAfter.get(inode));
    if (isSame) continue;
    for (const name of linksAfter.get(inode) ?? [path]) entries.add(name);
  }
  const deleted = sortedPaths(before).filter((path) => {
    if (after.has(path)) return false;
    const parent = parentOf(path);
    // What lay in a directory that went, or that something else replaced, goes with it.
    return parent === undefined || after.get(parent)?.kind === "directory";
  });
  for (const path of [...entries, ...deleted]) for (const directory of ancestorsOf(path)) entries.add(directory);
  return { entries, deleted };
}

function namesEqual(a: readonly ByteString[] | undefined, b: readonly ByteString[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((name, index) => name === b[index]);
}

export function inodesEqual(a: Inode, b: Inode): boolean {
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid || a.mtime !== b.mtime) return false;
  if (a.xattrs.size !== b.xattrs.size || [...a.xattrs].some(([name, value]) => b.xattrs.get(name) !== value)) return false;
  switch (a.kind) {
    case "file":
      return b.kind === "file" && a.content.size === b.content.size && a.content.sha256 === b.content.sha256;
    case "symlink":
      return b.kind === "symlink" && a.target === b.target;
    case "character-device":
    case "block-device":
      return b.kind === a.kind && a.device.major === b.device.major && a.device.minor === b.device.minor;
    case "directory":
    case "fifo":
      return a.kind === b.kind;
    default:
      return a satisfies never;
  }
}

/** Where a layer has the whiteout of a path. */
export function whiteoutPath(path: ByteString): ByteString {
  const parent = parentOf(path);
  const name = parent === undefined ? path : path.slice(parent.length + 1);
  return byteStringJoin(parent, `${WHITEOUT_PREFIX}${name}` as ByteString);
}

function byteStringJoin(parent: ByteString | undefined, name: ByteString): ByteString {
  return parent === undefined ? name : (`${parent}/${name}` as ByteString);
}

export const isReservedName = (path: ByteString): boolean => (path.split("/").at(-1) ?? "").startsWith(byteString(WHITEOUT_PREFIX));
