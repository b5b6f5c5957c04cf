import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import { isSystemError } from "../../../system/index.ts";
import { snapshotKey } from "../../snapshots/snapshotter.ts";
import type { ContainerId } from "../container.ts";
import type { ContainerContext } from "../container-context.ts";

/** A mount point is on another device than its parent: two calls, where mountinfo would be parsed. */
export function isMounted(path: string): boolean {
  try {
    return lstatSync(path).dev !== lstatSync(dirname(path)).dev;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return false;
    throw error;
  }
}

/**
 * Mounts the container's root file system if it is not; it stays until the container is removed or its session ends. The caller holds the
 * container's lock. Returns the path.
 */
export async function mountRootfs(context: ContainerContext, id: ContainerId): Promise<string> {
  const { rootfs } = context.store.paths(id);
  if (!isMounted(rootfs)) await context.snapshots.mount(snapshotKey(id), rootfs);
  return rootfs;
}

export async function unmountRootfs(context: ContainerContext, id: ContainerId): Promise<void> {
  const { rootfs } = context.store.paths(id);
  while (isMounted(rootfs)) await context.snapshots.unmount(rootfs);
}
