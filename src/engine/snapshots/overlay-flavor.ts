import { readFileSync } from "node:fs";

/**
 * Where overlayfs keeps its marks: in `trusted.overlay.*`, or in `user.overlay.*` inside a user namespace, where `trusted.*` cannot be
 * written. Kernel documentation, filesystems/overlayfs.
 */
export interface OverlayFlavor {
  readonly xattrPrefix: "trusted.overlay." | "user.overlay.";
  readonly mountOptions: readonly string[];
}

/**
 * Renames of directories and metadata-only copies are off, followed neither: a layer must mean the same to every tool, and nothing in a
 * layer may point elsewhere.
 */
const COMMON = ["index=off", "metacopy=off", "redirect_dir=nofollow"];

export function overlayFlavor(): OverlayFlavor {
  return inInitialUserNamespace()
    ? { xattrPrefix: "trusted.overlay.", mountOptions: COMMON }
    : { xattrPrefix: "user.overlay.", mountOptions: ["index=off", "metacopy=off", "userxattr"] };
}

function inInitialUserNamespace(): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync("/proc/self/uid_map", "utf8"));
}
