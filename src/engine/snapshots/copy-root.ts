import { chmod, chown, lstat } from "node:fs/promises";
import { readXattrs, setModificationTime, writeXattr } from "../../system/index.ts";
import type { OverlayFlavor } from "./overlay-flavor.ts";

/** Gives the root of a new upper directory the attributes of the one below: overlayfs shows the upper one's. */
export async function copyRoot(from: string, to: string, flavor: OverlayFlavor): Promise<void> {
  const stat = await lstat(from, { bigint: true });
  await chown(to, Number(stat.uid), Number(stat.gid));
  await chmod(to, Number(stat.mode & 0o7777n));
  for (const [name, value] of readXattrs(from)) if (!name.startsWith(flavor.xattrPrefix) && name !== "security.selinux") writeXattr(to, name, value);
  setModificationTime(to, stat.mtimeNs);
}
