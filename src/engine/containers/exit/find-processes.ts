import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { isSystemError } from "../../../system/index.ts";
import { identifyProcess, type ProcessIdentity } from "../../../system/kernel/pidfd.ts";

/** Programs that watch over or make containers, as the first words of their command line show them. */
const TOOLS = new Set(["conmon", "runc", "crun", "crun-private-view"]);

/**
 * Processes that belong to a container: what its cgroup holds, and the monitor and runtimes that were started for it. An id is 256 random
 * bits; a process inside some container that only names it in its command line is not taken for a tool.
 */
export function findContainerProcesses(id: string): { readonly inside: readonly ProcessIdentity[]; readonly tools: readonly ProcessIdentity[] } {
  const own = read("/proc/self/cgroup");
  const found = { inside: [] as ProcessIdentity[], tools: [] as ProcessIdentity[] };
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isSafeInteger(pid)) continue;
    // identified first: what is read afterwards is of this process or fails
    const identity = identifyProcess(pid);
    if (identity === undefined) continue;
    const cgroup = read(`/proc/${pid}/cgroup`);
    if (cgroup.includes(`/rbuild/${id}`)) found.inside.push(identity);
    else if ((cgroup === own || !cgroup.includes("/rbuild/")) && isToolFor(read(`/proc/${pid}/cmdline`).split("\0"), id)) found.tools.push(identity);
  }
  return found;
}

function isToolFor(words: readonly string[], id: string): boolean {
  return words.includes(id) && words.slice(0, 2).some((word) => TOOLS.has(basename(word)));
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ESRCH", "EACCES", "EPERM")) return "";
    throw error;
  }
}
