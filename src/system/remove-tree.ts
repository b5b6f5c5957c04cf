import { lstat, readdir, rmdir, unlink } from "node:fs/promises";
import { isSystemError } from "./errors.ts";
import { run } from "./processes.ts";

/** Up to so many files it is quicker without a process of its own. */
const SMALL = 64;

/** Removes a file or directory with all that is in it, but never goes into something that is mounted below. Idempotent. */
export async function removeTree(path: string): Promise<void> {
  try {
    const { dev } = await lstat(path);
    if (await removeSmall(path, dev, { left: SMALL })) return;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return;
    if (!isSystemError(error)) throw error;
  }
  await run("rm", ["--recursive", "--force", "--one-file-system", "--", path]);
}

async function removeSmall(path: string, device: number, budget: { left: number }): Promise<boolean> {
  const stats = await lstat(path);
  if (stats.dev !== device || budget.left-- <= 0) return false;
  if (!stats.isDirectory()) {
    await unlink(path);
    return true;
  }
  for (const name of await readdir(path, { encoding: "buffer" })) {
    // names that are not UTF-8 are rm's
    const text = name.toString("utf8");
    if (!Buffer.from(text).equals(name) || !(await removeSmall(`${path}/${text}`, device, budget))) return false;
  }
  await rmdir(path);
  return true;
}
