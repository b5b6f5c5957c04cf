import { createHash } from "node:crypto";
import { RbuildError } from "../../../system/index.ts";
import { type ByteString, expandSparse, PAX_XATTR, relativeTarPath, type TarEntry, textOf } from "../../../system/tar/index.ts";
import type { Spool } from "./spool.ts";
import { ancestorsOf, type FileContent, type Inode, type Tree } from "./tree.ts";

/** The one extended attribute that Debian packages carry, and that every engine's export keeps. */
const KEPT_XATTR = `${PAX_XATTR}security.capability`;
/** What a rule that reads a file may be given. */
const MAX_MEMORY_BYTES = 1024 * 1024;

export interface ReadTreeOptions {
  /** Where contents go. Without it they are hashed and dropped. */
  readonly spool?: Spool;
  /** Paths whose content is kept in memory for a rule to read. */
  readonly keepInMemory: (path: ByteString) => boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads the tar of a whole root file system, as `docker export` writes it. Fractions of seconds, user and group names,
 * and extended attributes other than file capabilities are left out.
 * @throws RbuildError `image.rootfs-malformed`
 */
export async function readTree(entries: AsyncIterable<TarEntry>, options: ReadTreeOptions): Promise<Tree> {
  const tree: Tree = new Map();
  for await (const entry of entries) {
    options.signal?.throwIfAborted();
    const path = relativeTarPath(entry.path);
    if (path === undefined) throw malformed(entry.path, "its path leaves the root");
    if (path === "") continue;
    tree.set(path, await readInode(entry, path, tree, options));
  }
  for (const path of tree.keys()) {
    const stray = ancestorsOf(path).find((ancestor) => tree.get(ancestor)?.kind !== "directory");
    if (stray !== undefined) throw malformed(path, `${textOf(stray)} is not a directory of the same archive`);
  }
  return tree;
}

async function readInode(entry: TarEntry, path: ByteString, tree: Tree, options: ReadTreeOptions): Promise<Inode> {
  const xattr = entry.pax.get(KEPT_XATTR as ByteString);
  const fields = {
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    mtime: entry.mtime.seconds,
    xattrs: new Map(xattr === undefined ? [] : [["security.capability" as ByteString, xattr] as const]),
  };
  switch (entry.kind) {
    case "file":
      return { kind: "file", ...fields, content: await readContent(entry, path, options) };
    case "hardlink": {
      const target = relativeTarPath(entry.linkPath);
      const inode = target === undefined ? undefined : tree.get(target);
      if (inode === undefined || inode.kind === "directory")
        throw malformed(path, `it is a hard link to ${textOf(entry.linkPath)}, which did not come before it`);
      return inode;
    }
    case "directory":
    case "fifo":
      return { kind: entry.kind, ...fields };
    case "symlink":
      // Linux has no mode of symbolic links; archives disagree on what to say.
      return { kind: "symlink", ...fields, mode: 0o777, target: entry.linkPath };
    case "character-device":
    case "block-device":
      return { kind: entry.kind, ...fields, device: entry.device };
    case "other":
      throw malformed(path, "its type is unknown");
    default:
      return entry.kind satisfies never;
  }
}

async function readContent(entry: TarEntry, path: ByteString, { spool, keepInMemory }: ReadTreeOptions): Promise<FileContent> {
  const body = expandSparse(entry);
  if (keepInMemory(path)) {
    if ((entry.sparse?.realSize ?? entry.size) > MAX_MEMORY_BYTES)
      throw malformed(path, `it has over ${MAX_MEMORY_BYTES} bytes, and a normalisation rule reads it`);
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return contentOf(Buffer.concat(chunks));
  }
  if (spool) return spool.add(body);
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { size, sha256: hash.digest("hex"), place: { kind: "dropped" } };
}

/** A content that is in memory. */
export function contentOf(bytes: Uint8Array): FileContent {
  return { size: bytes.byteLength, sha256: createHash("sha256").update(bytes).digest("hex"), place: { kind: "memory", bytes } };
}

function malformed(path: ByteString, why: string): RbuildError {
  return new RbuildError("image.rootfs-malformed", `the root file system has ${JSON.stringify(textOf(path))}, but ${why}`, { category: "invalid" });
}
