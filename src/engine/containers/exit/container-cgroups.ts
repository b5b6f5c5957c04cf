import { existsSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError } from "../../../system/index.ts";
import type { CgroupSupport } from "../../runtime/host/cgroups.ts";

export const CGROUP_PARENT = "/rbuild";

/** Removes what a runtime that was killed half way has left of a container's groups. Their processes have ended or are about to. */
export async function removeContainerCgroups(cgroups: CgroupSupport, id: string): Promise<void> {
  for (const mountPoint of new Set(cgroups.mountPoints.values())) {
    const path = join(mountPoint, CGROUP_PARENT, id);
    for (let attempt = 0; existsSync(path); attempt++) {
      if (removeDirectory(path) || attempt >= 100) break;
      await sleep(10);
    }
  }
}

/** The groups' common parent, when no container is left in it. */
export function removeCgroupParent(cgroups: CgroupSupport): void {
  for (const mountPoint of new Set(cgroups.mountPoints.values())) removeDirectory(join(mountPoint, CGROUP_PARENT));
}

function removeDirectory(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return true;
    if (isSystemError(error, "EBUSY", "ENOTEMPTY", "EACCES", "EROFS", "EPERM")) return false;
    throw error;
  }
}
