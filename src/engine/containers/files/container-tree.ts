import { constants } from "node:fs";
import { posix } from "node:path";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import { O_PATH, type OpenedPath, openInRoot, openPath } from "../../../system/kernel/open-in-root.ts";
import { isProcessAlive } from "../../../system/kernel/pidfd.ts";
import type { ContainerId, ResolvedMount } from "../container.ts";
import type { ContainerContext } from "../container-context.ts";
import { mountRootfs } from "../rootfs/mount-rootfs.ts";
import type { ContainerRecord } from "../state/container-record.ts";

/** A container's files as it sees them, with a path in them. */
export interface ContainerTree extends AsyncDisposable {
  readonly record: ContainerRecord;
  readonly root: OpenedPath;
  /** Absolute below `root`, without `.` and `..`; asked for with a slash or `/.` at its end: `isDirectoryAsked`. */
  readonly path: string;
  readonly isDirectoryAsked: boolean;
  /** Writing is refused by the way the container was made, not by a mount of a running one. */
  readonly isReadOnly: boolean;
}

/**
 * Opens the files of a container: of a running one through its own view, mounts included; else its root file system, or the volume the path
 * lies in, held still by the container's lock until disposed of.
 */
export async function openContainerTree(context: ContainerContext, id: ContainerId, asked: string): Promise<ContainerTree> {
  const path = posix.normalize(`/${asked}`).replace(/(.)\/$/, "$1");
  const isDirectoryAsked = /(^|\/)\.?$/.test(asked);
  await using stack = new AsyncDisposableStack();
  const held = stack.use(await context.store.lock(id));
  const { record, status } = await context.store.get(id);
  const { phase } = status;
  const rootReadOnly = record.spec.security?.readOnlyRootfs ?? false;
  if (phase.kind === "running") {
    const root = stack.use(openPath(`/proc/${phase.process.pid}/root`, constants.O_RDONLY | constants.O_DIRECTORY));
    // opened and still alive: it was this process's root
    if (isProcessAlive(phase.process)) {
      await held[Symbol.asyncDispose]();
      const open = stack.move();
      return { record, root, path, isDirectoryAsked, isReadOnly: false, [Symbol.asyncDispose]: () => open.disposeAsync() };
    }
  }
  const rootfs = await mountRootfs(context, id);
  const mount = mountOf(record, path);
  const root = stack.use(openPath(mount?.source ?? rootfs, O_PATH));
  const open = stack.move();
  return {
    record,
    root,
    path: mount ? `/${path.slice(mount.target.length).replace(/^\//, "")}` : path,
    isDirectoryAsked,
    isReadOnly: mount?.readOnly ?? rootReadOnly,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** The volume or host directory that a path of a stopped container lies in. */
function mountOf(record: ContainerRecord, path: string): ResolvedMount | undefined {
  return record.mounts
    .filter(({ kind, target }) => kind !== "tmpfs" && (path === target || path.startsWith(`${target}/`)))
    .sort((a, b) => b.target.length - a.target.length)[0];
}

/** The file itself, or where a link at the path's end leads when a directory was asked for. @throws RbuildError `container.path-not-found` */
export function openTreePath(tree: Pick<ContainerTree, "root" | "path" | "isDirectoryAsked">): OpenedPath {
  const flags = tree.isDirectoryAsked ? constants.O_DIRECTORY : constants.O_NOFOLLOW;
  return orNotFound(tree.path, () => openInRoot(tree.root, tree.path, O_PATH | flags));
}

/** @throws RbuildError `container.path-not-found`, `container.not-a-directory` */
export function orNotFound<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ELOOP", "EXDEV")) {
      throw new RbuildError("container.path-not-found", `there is no ${path} in the container`, { category: "not-found", cause: error, details: { path } });
    }
    if (!isSystemError(error, "ENOTDIR")) throw error;
    throw new RbuildError("container.not-a-directory", `${path} in the container is not a directory`, { category: "invalid", cause: error, details: { path } });
  }
}
