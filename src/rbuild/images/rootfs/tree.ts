import type { ByteString } from "../../../system/tar/index.ts";

/** Bytes of a regular file: small ones that a rule looks at in memory, the others in the spool. */
export interface FileContent {
  /** Bytes. */
  readonly size: number;
  /** Of the content, lower-case hex. */
  readonly sha256: string;
  readonly place: { readonly kind: "spool"; readonly offset: number } | { readonly kind: "memory"; readonly bytes: Uint8Array } | { readonly kind: "dropped" };
}

interface InodeFields {
  /** Permission bits with setuid, setgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Whole seconds since 1970. */
  mtime: number;
  /** Extended attributes that an image keeps: `security.capability`. */
  xattrs: ReadonlyMap<ByteString, ByteString>;
}

/** One object of a file system. Names that share it are hard links of each other. */
export type Inode = InodeFields &
  (
    | { readonly kind: "file"; content: FileContent }
    | { readonly kind: "directory" }
    | { readonly kind: "symlink"; readonly target: ByteString }
    | { readonly kind: "character-device" | "block-device"; readonly device: { readonly major: number; readonly minor: number } }
    | { readonly kind: "fifo" }
  );

/**
 * A whole root file system by path: relative to the root, without closing slash; the root itself is not in it. Every parent
 * directory of a path is in it too.
 */
export type Tree = Map<ByteString, Inode>;

/** Paths in byte order, which has every directory before what is in it. */
export function sortedPaths(tree: ReadonlyMap<ByteString, unknown>): ByteString[] {
  return [...tree.keys()].sort((a, b) => (a < b ? -1 : 1));
}

export function parentOf(path: ByteString): ByteString | undefined {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? undefined : (path.slice(0, slash) as ByteString);
}

/** The directories a path lies in, topmost first. */
export function ancestorsOf(path: ByteString): ByteString[] {
  const found: ByteString[] = [];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) found.push(path.slice(0, at) as ByteString);
  return found;
}

/** All names of each regular file that has several, in byte order. Other kinds are never taken as links of each other. */
export function hardLinkGroups(tree: Tree): Map<Inode, ByteString[]> {
  const names = new Map<Inode, ByteString[]>();
  for (const path of sortedPaths(tree)) {
    const inode = tree.get(path);
    if (inode?.kind !== "file") continue;
    const group = names.get(inode);
    if (group) group.push(path);
    else names.set(inode, [path]);
  }
  for (const [inode, group] of names) if (group.length === 1) names.delete(inode);
  return names;
}
