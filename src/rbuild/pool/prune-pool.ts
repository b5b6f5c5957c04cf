import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../oci/index.ts";
import { entriesBelow } from "../../system/entries-below.ts";
import { isSystemError, readFileIfExists, tryLock } from "../../system/index.ts";
import { TREE_LOCK_FILE } from "../iso/locked/tree-lock.ts";
import { LOCK_FILE, MAX_LOCK_BYTES } from "../lock/image-lock.ts";

/** What younger files have is being used by somebody whose lock is not written yet. Milliseconds. */
const MIN_AGE = 3600_000;

/** A file of a pool, or what is left of a fetch that was broken off. */
export interface PoolFile {
  readonly path: string;
  /** Undefined of a part. */
  readonly sha256: Digest | undefined;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly changed: number;
}

export interface PruneOptions {
  /** Directories with image definitions, and a tree: what their locks name stays. */
  readonly imageDirectories: readonly string[];
  readonly tree: string;
  /** Only say what would go. */
  readonly dryRun?: boolean;
  /** Milliseconds since 1970. */
  readonly now?: number;
}

export interface PruneOutcome {
  /** Files removed, and their bytes. */
  readonly files: number;
  readonly bytes: number;
  /** Files that stay, and theirs. */
  readonly kept: number;
  readonly keptBytes: number;
}

/** Removes from a pool what no lock that is found here names. What has changed within the last hour stays. */
export async function prunePool(directory: string, { imageDirectories, tree, dryRun = false, now = Date.now() }: PruneOptions): Promise<PruneOutcome> {
  const named = await namedByLocks(imageDirectories, tree);
  const files = await listPool(directory);
  const goes = ({ sha256, changed }: PoolFile): boolean => now - changed > MIN_AGE && (sha256 === undefined || !named.has(sha256));
  const gone = files.filter(goes);
  for (const { path, sha256 } of dryRun ? [] : gone) {
    // Who still fetches a part holds its lock.
    await using held = sha256 === undefined ? await tryLock(path) : undefined;
    if (sha256 !== undefined || held) await rm(path, { force: true });
  }
  const bytes = gone.reduce((sum, { size }) => sum + size, 0);
  return { files: gone.length, bytes, kept: files.length - gone.length, keptBytes: files.reduce((sum, { size }) => sum + size, 0) - bytes };
}

/** All files of a pool's directory; none when there is no such directory. */
export async function listPool(directory: string): Promise<PoolFile[]> {
  const files: PoolFile[] = [];
  for (const part of ["sha256", "tmp"]) {
    const entries = await entriesBelow(join(directory, part)).catch(none);
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const found = await stat(path).catch((error: unknown) => void none(error));
      const sha256 = part === "sha256" && /^[0-9a-f]{64}$/.test(entry.name) ? (`sha256:${entry.name}` as Digest) : undefined;
      if (found) files.push({ path, sha256, size: found.size, changed: found.mtimeMs });
    }
  }
  return files;
}

/** Every digest that a lock of the image definitions or of the tree mentions. */
async function namedByLocks(imageDirectories: readonly string[], tree: string): Promise<ReadonlySet<string>> {
  const paths = [join(tree, TREE_LOCK_FILE)];
  for (const directory of imageDirectories) for (const name of await readdir(directory).catch(none)) paths.push(join(directory, name, LOCK_FILE));
  const named = new Set<string>();
  for (const path of paths) {
    const text = (await readFileIfExists(path, MAX_LOCK_BYTES))?.toString("utf8") ?? "";
    for (const [digest] of text.matchAll(/sha256:[0-9a-f]{64}/g)) named.add(digest);
  }
  return named;
}

function none(error: unknown): [] {
  if (isSystemError(error, "ENOENT")) return [];
  throw error;
}
