import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import {
  type ByteString,
  bytesOf,
  isSystemError,
  mknod,
  O_PATH,
  type OpenedPath,
  openInRoot,
  openPath,
  RbuildError,
  setModificationTime,
  textOf,
  writeXattr,
} from "../../../system/index.ts";

/** What a file has beside its content. */
export interface FileAttributes {
  /** Permission bits with setuid, setgid and sticky; symbolic links have none. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970; undefined leaves the present time. */
  readonly modified?: bigint;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

export type FileContent = { readonly kind: "copy"; readonly source: Buffer } | { readonly kind: "stream"; readonly body: AsyncIterable<Uint8Array> };

/**
 * Writes files below a root that may be hostile: its symbolic links, and those written meanwhile, are followed inside the root alone, by
 * the kernel (openat2). Paths are relative to the root; parents must exist. A file in the way is replaced, a directory never. One call at a time.
 */
export class RootWriter implements Disposable {
  readonly #root: OpenedPath;
  #parent: { readonly path: string; readonly opened: OpenedPath } | undefined;
  readonly #directoryTimes = new Map<string, bigint>();

  constructor(root: string) {
    this.#root = openPath(root, O_PATH | constants.O_DIRECTORY);
  }

  /** What a path leads to, links followed; undefined when it leads nowhere. */
  stat(path: ByteString, flags = 0): Stats | undefined {
    try {
      using opened = openInRoot(this.#root, inside(path), O_PATH | flags);
      return statSync(opened.path);
    } catch (error) {
      if (isSystemError(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
      throw error;
    }
  }

  isDirectory(path: ByteString): boolean {
    return this.stat(path)?.isDirectory() ?? false;
  }

  /** The same without following a link at its end. */
  lstat(path: ByteString): Stats | undefined {
    return this.stat(path, constants.O_NOFOLLOW);
  }

  /** Removes whatever is at a path, a directory with all below it. */
  remove(path: ByteString): void {
    if (path === "" || this.lstat(path) === undefined) return;
    rmSync(this.#target(path), { recursive: true, force: true });
  }

  /** Makes the directories of a path that are missing. */
  makeDirectories(path: ByteString, attributes: FileAttributes): void {
    const parts = path.split("/").filter((part) => part !== "");
    for (let count = 1; count <= parts.length; count++) {
      const prefix = parts.slice(0, count).join("/") as ByteString;
      if (!this.isDirectory(prefix)) this.directory(prefix, attributes);
    }
  }

  /** A directory that is there keeps what attributes it has, unless `overwrite` is set; the root always does. */
  directory(path: ByteString, attributes: FileAttributes, options: { readonly overwrite?: boolean } = {}): void {
    if (path === "") return;
    if (this.isDirectory(path)) {
      if (options.overwrite && lstatSync(this.#target(path)).isDirectory()) this.#dress(path, attributes);
      return;
    }
    const target = this.#target(path);
    try {
      mkdirSync(target, 0o700);
    } catch (error) {
      throw isSystemError(error, "EEXIST") ? conflict(path, "is not a directory") : error;
    }
    this.#dress(path, attributes);
  }

  #dress(path: ByteString, attributes: FileAttributes): void {
    this.#apply(this.#target(path), { ...attributes, modified: undefined }, "directory");
    if (attributes.modified !== undefined) this.#directoryTimes.set(path, attributes.modified);
  }

  async file(path: ByteString, attributes: FileAttributes, content: FileContent): Promise<void> {
    const target = this.#cleared(path);
    if (content.kind === "copy") {
      copyFileSync(content.source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    } else {
      // Synchronous, as each chunk is small and most files are: a thread's turn costs more than the write.
      const fd = openSync(target, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
      try {
        for await (const chunk of content.body) for (let at = 0; at < chunk.byteLength; ) at += writeSync(fd, chunk, at);
      } finally {
        closeSync(fd);
      }
    }
    this.#apply(target, attributes, "file");
  }

  symlink(path: ByteString, link: ByteString, attributes: FileAttributes): void {
    const target = this.#cleared(path);
    symlinkSync(bytesOf(link), target);
    this.#apply(target, attributes, "symlink");
  }

  /** @param existing a path inside the root that was written before */
  hardlink(path: ByteString, existing: ByteString): void {
    const target = this.#cleared(path);
    using parent = openInRoot(this.#root, inside(parentOf(existing)), O_PATH | constants.O_DIRECTORY);
    linkSync(Buffer.concat([Buffer.from(`${parent.path}/`), bytesOf(nameOf(existing))]), target);
  }

  /** A device or a named pipe. @param type its S_IF bits */
  node(path: ByteString, type: number, device: { readonly major: number; readonly minor: number }, attributes: FileAttributes): void {
    const target = this.#cleared(path);
    mknod(target, type | 0o600, device);
    this.#apply(target, attributes, "file");
  }

  /** Sets the times of the directories that were made; writing into them has changed them since. */
  finish(): void {
    for (const [path, modified] of this.#directoryTimes) setModificationTime(this.#target(path as ByteString), modified);
    this.#directoryTimes.clear();
  }

  [Symbol.dispose](): void {
    this.#parent?.opened[Symbol.dispose]();
    this.#root[Symbol.dispose]();
  }

  /** The path by way of its parent's descriptor: nothing in it but the last part is looked up again. */
  #target(path: ByteString): Buffer {
    const parent = parentOf(path);
    if (this.#parent?.path !== parent) {
      this.#parent?.opened[Symbol.dispose]();
      this.#parent = undefined;
      try {
        this.#parent = { path: parent, opened: openInRoot(this.#root, inside(parent), O_PATH | constants.O_DIRECTORY) };
      } catch (error) {
        throw isSystemError(error, "ENOTDIR", "ENOENT", "ELOOP") ? conflict(parent, "is not a directory", error) : error;
      }
    }
    return Buffer.concat([Buffer.from(`${this.#parent.opened.path}/`), bytesOf(nameOf(path))]);
  }

  /** The same with nothing there any more. */
  #cleared(path: ByteString): Buffer {
    const target = this.#target(path);
    let found: BigIntStats | undefined;
    try {
      found = lstatSync(target, { bigint: true });
    } catch (error) {
      if (!isSystemError(error, "ENOENT")) throw error;
    }
    if (found?.isDirectory()) throw conflict(path, "is a directory; a file cannot take its place");
    if (found) rmSync(target);
    return target;
  }

  #apply(
    target: Buffer,
    attributes: Omit<FileAttributes, "modified"> & { readonly modified?: bigint | undefined },
    kind: "file" | "directory" | "symlink",
  ): void {
    // In this order: a change of owner takes setuid bits and file capabilities away.
    lchownSync(target, attributes.uid, attributes.gid);
    if (kind !== "symlink") chmodSync(target, attributes.mode & 0o7777);
    for (const [name, value] of attributes.xattrs ?? []) writeXattr(target, name, value);
    if (attributes.modified !== undefined) setModificationTime(target, attributes.modified);
  }
}

/** Never empty, never absolute: the root itself is `.`. */
const inside = (path: ByteString): Buffer => (path === "" ? Buffer.from(".") : bytesOf(path));

export function parentOf(path: ByteString): ByteString {
  const slash = path.lastIndexOf("/");
  return (slash === -1 ? "" : path.slice(0, slash)) as ByteString;
}

export const nameOf = (path: ByteString): ByteString => path.slice(path.lastIndexOf("/") + 1) as ByteString;

function conflict(path: ByteString, what: string, cause?: unknown): RbuildError {
  return new RbuildError("build.path-conflict", `/${textOf(path)} ${what}`, { category: "invalid", cause, details: { path: `/${textOf(path)}` } });
}
