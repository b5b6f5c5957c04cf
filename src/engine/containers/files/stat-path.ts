import { fstatSync, readlinkSync } from "node:fs";
import { posix } from "node:path";
import { isSystemError } from "../../../system/index.ts";
import { O_PATH, openInRoot } from "../../../system/kernel/open-in-root.ts";
import type { ContainerId, PathStat } from "../container.ts";
import type { ContainerContext } from "../container-context.ts";
import { type ContainerTree, openContainerTree, openTreePath } from "./container-tree.ts";

export async function statPath(context: ContainerContext, id: ContainerId, path: string): Promise<PathStat> {
  await using tree = await openContainerTree(context, id, path);
  return statTreePath(tree);
}

/** @throws RbuildError `container.path-not-found` */
export function statTreePath(tree: ContainerTree): PathStat {
  using file = openTreePath(tree);
  const stats = fstatSync(file.fd);
  return {
    name: posix.basename(tree.path) || "/",
    size: stats.size,
    mode: stats.mode,
    mtime: stats.mtime,
    linkTarget: stats.isSymbolicLink() ? linkTarget(tree) : "",
  };
}

/** Where a link leads in the end, as a path in the container; of one that leads nowhere, what it says. */
function linkTarget({ root, path }: ContainerTree): string {
  try {
    using target = openInRoot(root, path, O_PATH);
    const [base, full] = [readlinkSync(root.path), readlinkSync(target.path)];
    return base === "/" ? full : full.slice(base.length) || "/";
  } catch (error) {
    if (!isSystemError(error, "ENOENT", "ELOOP", "EXDEV", "ENOTDIR", "EACCES")) throw error;
    using parent = openInRoot(root, posix.dirname(path), O_PATH);
    return readlinkSync(`${parent.path}/${posix.basename(path)}`);
  }
}
