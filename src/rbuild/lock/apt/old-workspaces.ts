import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { tryLock } from "../../../system/index.ts";

/** A workspace nobody has chosen from for so long loses its indexes. Milliseconds. */
const MAX_IDLE = 60 * 24 * 3600 * 1000;

/**
 * Frees what workspaces of other sources keep, such as those of a mirror that is no longer used: indexes and APT's caches. Their lock files
 * stay, so that whoever is about to use one does.
 */
export async function emptyOldWorkspaces(parent: string, now: number): Promise<void> {
  for (const name of await readdir(parent)) {
    const directory = join(parent, name);
    const used = await stat(join(directory, "etc/apt.conf")).catch(() => undefined);
    if (!used || now - used.mtimeMs < MAX_IDLE) continue;
    await using held = await tryLock(join(directory, "lock"));
    if (held) for (const part of ["state", "cache", "etc"]) await rm(join(directory, part), { recursive: true, force: true });
  }
}
