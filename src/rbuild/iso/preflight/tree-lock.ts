import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Clock, type HeldLock, RbuildError } from "../../../system/index.ts";
import { tryLockAs } from "../../lock-with-holder.ts";

/**
 * Makes this process the only one that builds the tree, or that builds into the output. The lock ends with the process,
 * however it dies.
 * @param directory real path
 * @throws RbuildError `iso.already-building`, with the other's process id
 */
export async function lockTree(stateDirectory: string, directory: string, clock: Clock): Promise<HeldLock> {
  const key = createHash("sha256").update(directory).digest("hex").slice(0, 32);
  const result = await tryLockAs(join(stateDirectory, "trees", key), directory, clock);
  if (result.kind === "held") return result.held;
  const { holder } = result;
  const who = holder ? `process ${holder.pid}, since ${holder.since}` : "another process";
  throw new RbuildError("iso.already-building", `another build uses ${directory} (${who})`, {
    category: "conflict",
    hint: holder ? `wait for it, or end it with: kill ${holder.pid}` : "wait for it",
    details: { directory, ...(holder ? { pid: holder.pid, since: holder.since } : {}) },
  });
}
