import { chmodSync, chownSync, lstatSync } from "node:fs";
import { readXattrs, setModificationTime, writeXattr } from "../../system/index.ts";
import type { OverlayFlavor } from "./overlay-flavor.ts";

/** Gives the root of a new upper directory the attributes of the one below: overlayfs shows the upper one's. */
export function copyRoot(from: string, to: string, flavor: OverlayFlavor): void {
  const stat = lstatSync(from, { bigint: true });
  chownSync(to, Number(stat.uid), Number(stat.gid));
  chmodSync(to, Number(stat.mode & 0o7777n));
  for (const [name, value] of readXattrs(from)) if (!name.startsWith(flavor.xattrPrefix) && name !== "security.selinux") writeXattr(to, name, value);
  setModificationTime(to, stat.mtimeNs);
}
