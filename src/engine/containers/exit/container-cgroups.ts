import { readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError } from "../../../system/index.ts";
import type { CgroupSupport } from "../../runtime/host/cgroups.ts";

/** Common to all engines of the host. It stays when it is empty: a runtime may be about to make a group in it. */
export const CGROUP_PARENT = "/rbuild";

/** Removes a container's groups. Its processes have ended or are about to. False when some do not go. */
export async function removeContainerCgroups(cgroups: CgroupSupport, id: string): Promise<boolean> {
  let isGone = true;
  for (const mountPoint of new Set(cgroups.mountPoints.values())) {
    const path = join(mountPoint, CGROUP_PARENT, id);
    for (let attempt = 0; !removeGroup(path); attempt++) {
      if (attempt >= 50) {
        isGone = false;
        break;
      }
      await sleep(Math.min(attempt, 10));
    }
  }
  return isGone;
}

/** With the groups that the container has made below its own. */
function removeGroup(path: string): boolean {
  if (removeDirectory(path)) return true;
  for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) removeGroup(join(path, entry.name));
  return removeDirectory(path);
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
