import { constants } from "node:fs";
import { posix } from "node:path";
import {
  type ByteString,
  bytesOf,
  isEntryRefusal,
  isSystemError,
  RbuildError,
  readTar,
  relativeTarPath,
  setModificationTime,
  type TarEntry,
  textOf,
} from "../../../system/index.ts";
import { O_PATH, type OpenedPath, openInRoot } from "../../../system/kernel/open-in-root.ts";
import { decompress } from "../../content/decompress.ts";
import type { ContainerId } from "../container.ts";
import type { ContainerContext } from "../container-context.ts";
import { makeDirectories } from "../rootfs/make-directories.ts";
import { resolveUser } from "../rootfs/resolve-user.ts";
import { type ContainerTree, openContainerTree, orNotFound } from "./container-tree.ts";
import { applyAttributes, type EntryPlace, extractEntry, nanoseconds } from "./extract-entry.ts";

export interface ExtractOptions {
  /** Refuse to put a file in the place of a directory, and the other way round. */
  readonly noOverwriteDirNonDir?: boolean;
  /** Everything belongs to the container's user, not to whom the archive names. */
  readonly copyUidGid?: boolean;
}

/**
 * `docker cp` in: extracts a tar, plain or compressed, into an existing directory. Every member's directory is opened inside the container's
 * root by the kernel, so that no link that the container or the archive makes leads outside.
 * @throws RbuildError `container.path-not-found`, `container.read-only`, `container.unsafe-path`, `container.unusable-entry`, `tar.malformed`, `tar.truncated`
 */
export async function extractInto(
  context: ContainerContext,
  id: ContainerId,
  path: string,
  tar: AsyncIterable<Uint8Array>,
  options: ExtractOptions = {},
): Promise<void> {
  await using tree = await openContainerTree(context, id, path);
  if (tree.isReadOnly) throw readOnly(path);
  using target = orNotFound(tree.path, () => openInRoot(tree.root, tree.path, O_PATH | constants.O_DIRECTORY));
  const owner = options.copyUidGid ? resolveUser(tree.root, tree.record.process.user) : undefined;
  const directories: { readonly path: Buffer; readonly mtime: bigint }[] = [];
  try {
    for await (const entry of readTar(decompress(tar))) {
      const relative = safePath(entry.path);
      const ownerOf = owner ?? entry;
      if (relative === "") {
        applyAttributes(entry, Buffer.from(`${target.path}/.`), ownerOf);
        continue;
      }
      const absolute = posix.join(Buffer.from(tree.path).toString("latin1"), relative);
      const place = {
        absolute,
        linkTarget: entry.kind === "hardlink" ? posix.join(Buffer.from(tree.path).toString("latin1"), safePath(entry.linkPath)) : "",
        owner: ownerOf,
        noOverwriteDirNonDir: options.noOverwriteDirNonDir ?? false,
      };
      await extractAt(tree, entry, place);
      if (entry.kind === "directory") directories.push({ path: Buffer.from(absolute, "latin1"), mtime: nanoseconds(entry) });
    }
    // what came into them has changed their times
    for (const { path: made, mtime } of directories.toReversed()) setDirectoryTime(tree, made, mtime);
  } catch (error) {
    if (isSystemError(error, "EROFS")) throw readOnly(path, error);
    throw error;
  }
}

async function extractAt(tree: ContainerTree, entry: TarEntry, { absolute, ...place }: Omit<EntryPlace, "root" | "parent" | "name"> & { absolute: string }) {
  try {
    using parent = openParent(tree, posix.dirname(absolute));
    await extractEntry(entry, { ...place, root: tree.root, parent, name: bytesOf(posix.basename(absolute) as ByteString) });
  } catch (error) {
    if (!isEntryRefusal(error)) throw error;
    const path = textOf(entry.path);
    throw new RbuildError("container.unusable-entry", `the archive has a member ${JSON.stringify(path)} that cannot be made: ${error.message}`, {
      category: "invalid",
      cause: error,
      details: { path },
    });
  }
}

/** Of a directory that something took the place of since, nothing is set. */
function setDirectoryTime(tree: ContainerTree, path: Buffer, mtime: bigint): void {
  try {
    using opened = openInRoot(tree.root, path, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    setModificationTime(`${opened.path}/.`, mtime);
  } catch (error) {
    if (!isEntryRefusal(error)) throw error;
  }
}

function openParent(tree: ContainerTree, path: string): OpenedPath {
  try {
    return openInRoot(tree.root, Buffer.from(path, "latin1"), O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
    return makeDirectories(tree.root, Buffer.from(path, "latin1").toString("utf8"));
  }
}

/** As Docker does, a slash at the beginning means nothing. @throws RbuildError `container.unsafe-path` */
function safePath(path: ByteString): ByteString {
  if (/^\/*$/.test(path)) return "" as ByteString;
  const relative = relativeTarPath(path.replace(/^\/+/, "") as ByteString);
  if (relative !== undefined) return relative;
  throw new RbuildError("container.unsafe-path", `the archive has a member ${JSON.stringify(textOf(path))}, which would leave the directory it is for`, {
    category: "invalid",
  });
}

const readOnly = (path: string, cause?: unknown) =>
  new RbuildError("container.read-only", `${path} in the container is read-only`, { category: "refused", cause, details: { path } });
