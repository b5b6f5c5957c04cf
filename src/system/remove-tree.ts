import { lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { isSystemError } from "./errors.ts";
import { run } from "./processes.ts";

/** Up to so many files it is quicker without a process of its own. */
const SMALL = 64;
/** Letting go of a larger one takes a while. */
const SMALL_BYTES = 1024 * 1024;

/** Removes a file or directory with all that is in it, but never goes into something that is mounted below. Idempotent. */
export async function removeTree(path: string): Promise<void> {
  if (await removeSmallTree(path)) return;
  await run("rm", ["--recursive", "--force", "--one-file-system", "--", path]);
}

/** The same when it has only a few files and nothing stands in the way. @returns whether it is gone; if not, a part of it may be */
export async function removeSmallTree(path: string): Promise<boolean> {
  try {
    const { dev } = lstatSync(path);
    return await removeSmall(path, dev, { left: SMALL });
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return true;
    if (!isSystemError(error)) throw error;
    return false;
  }
}

async function removeSmall(path: string, device: number, budget: { left: number }): Promise<boolean> {
  const stats = lstatSync(path);
  if (stats.dev !== device || budget.left-- <= 0) return false;
  if (!stats.isDirectory()) {
    if (stats.size > SMALL_BYTES) await unlink(path);
    else unlinkSync(path);
    return true;
  }
  for (const name of readdirSync(path, { encoding: "buffer" })) {
    // names that are not UTF-8 are rm's
    const text = name.toString("utf8");
    if (!Buffer.from(text).equals(name) || !(await removeSmall(`${path}/${text}`, device, budget))) return false;
  }
  rmdirSync(path);
  return true;
}
