import { chown, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError } from "../../../system/index.ts";
import type { Owner } from "./owner.ts";

/** `mkdir -p` whose new directories belong to the owner. */
export async function makeOwned(path: string, owner: Owner): Promise<void> {
  try {
    await mkdir(path);
    if (process.geteuid?.() === 0) await chown(path, owner.uid, owner.gid);
  } catch (error) {
    if (isSystemError(error, "EEXIST") && (await stat(path)).isDirectory()) return;
    if (!isSystemError(error, "ENOENT")) throw error;
    await makeOwned(dirname(path), owner);
    await makeOwned(path, owner);
  }
}
