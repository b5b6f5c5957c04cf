import { mkdir, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ownership, readFileIfExists, writeFileAtomic } from "../../system/index.ts";
import { type ImageLock, LOCK_DIRECTORY, LOCK_FILE, type LockedArchive } from "./image-lock.ts";
import { type KeptArchive, keptInRelease, keptKeyring, MAX_KEPT_BYTES, packInRelease, unpackInRelease } from "./kept-files.ts";
import { lockText } from "./lock-text.ts";

/**
 * Replaces the lock beside a definition and what it keeps.
 * @param kept by index of `lock.archives`
 */
export async function writeLock(directory: string, lock: ImageLock, kept: readonly KeptArchive[]): Promise<string> {
  const path = join(directory, LOCK_FILE);
  await replaceLock({ path, text: lockText(lock), beside: join(directory, LOCK_DIRECTORY) }, lock.archives, kept);
  return path;
}

/**
 * Replaces any lock file and what is kept of its archives in the directory `beside`. Whoever reads it, also after a kill at any moment,
 * finds the old lock or the new one with all its files: the new files come first, the lock then, and what only the old one had goes last.
 * Under sudo they belong to whom the directory belongs, so that Git can go on with them.
 */
export async function replaceLock(
  { path: lockPath, text, beside }: { readonly path: string; readonly text: string; readonly beside: string },
  archives: readonly LockedArchive[],
  kept: readonly KeptArchive[],
): Promise<void> {
  const files = new Map<string, Buffer>();
  for (const [index, archive] of archives.entries()) {
    const of = kept[index];
    if (!of) throw new TypeError(`nothing is kept of the archive ${archive.archive} ${archive.suite}`);
    files.set(keptInRelease(archive), packInRelease(of.inRelease)).set(keptKeyring(archive), of.keyring);
  }
  const own = await ownership(dirname(lockPath));
  await mkdir(beside, { recursive: true });
  await own(beside);
  for (const [name, bytes] of files) {
    const path = join(beside, name);
    const present = await readFileIfExists(path, MAX_KEPT_BYTES).catch(() => undefined);
    // Another version of zlib may pack the same text in other bytes.
    if (!present || !hasSameContent(present, bytes)) await writeFileAtomic(path, bytes);
    await own(path);
  }
  await writeFileAtomic(lockPath, text);
  await own(lockPath);
  for (const name of await readdir(beside)) if (!files.has(name)) await rm(join(beside, name), { recursive: true, force: true });
  // What a killed process had half written.
  const half = `.${basename(lockPath)}.`;
  for (const name of await readdir(dirname(lockPath))) if (name.startsWith(half)) await rm(join(dirname(lockPath), name), { force: true });
}

function hasSameContent(present: Buffer, bytes: Buffer): boolean {
  if (present.equals(bytes)) return true;
  const [is, shall] = [unpackInRelease(present), unpackInRelease(bytes)];
  return is !== undefined && shall !== undefined && is.equals(shall);
}
