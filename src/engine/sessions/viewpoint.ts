import { readlinkSync, statSync } from "node:fs";
import { isSystemError } from "../../system/index.ts";

/** A path means the same to two processes of one mount namespace that have one root directory: both as text. */
export function viewpoint(): string {
  const { dev, ino } = statSync("/");
  return `${readlinkSync("/proc/self/ns/mnt")} ${dev}:${ino}`;
}

/** Whether there is nothing of that name, for a viewpoint that is the caller's. */
export function isGone(path: string): boolean {
  try {
    statSync(path);
    return false;
  } catch (error) {
    return isSystemError(error, "ENOENT", "ENOTDIR");
  }
}
