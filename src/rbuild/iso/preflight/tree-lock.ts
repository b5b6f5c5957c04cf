import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { type Clock, type HeldLock, RbuildError, readFileIfExists, tryLock, writeFileAtomic } from "../../../system/index.ts";

const holderSchema = z.object({ pid: z.int(), since: z.string() });

/**
 * Makes this process the only one that builds the tree, or that builds into the output. The lock ends with the process,
 * however it dies.
 * @param directory real path
 * @throws RbuildError `iso.already-building`, with the other's process id
 */
export async function lockTree(stateDirectory: string, directory: string, clock: Clock): Promise<HeldLock> {
  const key = createHash("sha256").update(directory).digest("hex").slice(0, 32);
  const path = join(stateDirectory, "trees", `${key}.lock`);
  const held = await tryLock(path);
  const holderPath = join(stateDirectory, "trees", `${key}.json`);
  if (!held) {
    const holder = await readHolder(holderPath);
    const who = holder ? `process ${holder.pid}, since ${holder.since}` : "another process";
    throw new RbuildError("iso.already-building", `another build uses ${directory} (${who})`, {
      category: "conflict",
      hint: holder ? `wait for it, or end it with: kill ${holder.pid}` : "wait for it",
      details: { directory, ...holder },
    });
  }
  try {
    await writeFileAtomic(holderPath, JSON.stringify({ pid: process.pid, since: clock.now().toISOString() }), { sync: false });
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
  return held;
}

async function readHolder(path: string): Promise<z.infer<typeof holderSchema> | undefined> {
  const bytes = await readFileIfExists(path, 4096);
  if (!bytes) return undefined;
  try {
    return holderSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch {
    return undefined;
  }
}
