import { chown, mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError } from "../../../system/index.ts";
import type { Owner } from "./owner.ts";

/** `mkdir -p` whose new directories belong to the owner. */
export async function makeOwned(path: string, owner: Owner): Promise<void> {
  try {
    await makeOne(path, owner);
  } catch (error) {
    if (!isSystemError(error, "ENOENT") || dirname(path) === path) throw error;
    await makeOwned(dirname(path), owner);
    // Some file systems say ENOENT although the parent is there: a second one is final.
    await makeOne(path, owner);
  }
}

async function makeOne(path: string, owner: Owner): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (isSystemError(error, "EEXIST") && (await stat(path)).isDirectory()) return;
    throw error;
  }
  if (process.geteuid?.() === 0) await chown(path, owner.uid, owner.gid);
}
