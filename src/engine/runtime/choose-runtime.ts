import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RbuildError, readFileIfExists, writeFileAtomic } from "../../system/index.ts";
import { crunNeedsPrivateView, privateViewOf } from "./crun-private-view.ts";
import { createCrunRuntime } from "./crun-runtime.ts";
import { findProgram } from "./find-program.ts";
import type { CgroupSupport } from "./host/cgroups.ts";
import { createOciRuntime } from "./oci-runtime.ts";
import { runTool } from "./run-tool.ts";
import type { Runtime } from "./runtime.ts";

export type RuntimeName = Runtime["name"];

/** Quickest first. */
const PREFERENCE: readonly RuntimeName[] = ["crun", "runc"];
const MAX_CACHE_BYTES = 64 * 1024;

export interface RuntimeChoice {
  readonly root: string;
  readonly runRoot: string;
  readonly cgroups: CgroupSupport;
  /** Undefined: the quickest that is installed. */
  readonly wanted?: RuntimeName;
}

/**
 * The OCI runtime of this host. What its program says of itself is remembered until the program changes.
 * @throws RbuildError `runtime.missing`
 */
export async function chooseRuntime(choice: RuntimeChoice): Promise<Runtime> {
  for (const name of choice.wanted === undefined ? PREFERENCE : [choice.wanted]) {
    const program = findProgram(name);
    if (program === undefined) continue;
    const version = await versionOf(program, choice.root);
    const path = name === "crun" && crunNeedsPrivateView(choice.cgroups) ? await privateViewOf(program, choice) : program;
    if (path === undefined) continue;
    // runc sees by itself that it may make no groups
    const options = name === "crun" && choice.cgroups.hierarchy === "none" ? ["--cgroup-manager", "disabled"] : [];
    const chosen = { name, path, version, options, stateDirectory: join(choice.runRoot, name) };
    return name === "crun" ? createCrunRuntime(chosen) : createOciRuntime(chosen);
  }
  throw new RbuildError("runtime.missing", `no OCI runtime is installed: ${choice.wanted ?? PREFERENCE.join(" or ")}`, {
    category: "unavailable",
    hint: `apt-get install ${choice.wanted ?? "runc"}`,
  });
}

/** @throws RbuildError `runtime.monitor-missing` */
export function findMonitor(): string {
  const conmon = findProgram("conmon");
  if (conmon !== undefined) return conmon;
  throw new RbuildError("runtime.monitor-missing", "conmon, which watches over containers, is not installed", {
    category: "unavailable",
    hint: "apt-get install conmon",
  });
}

/** First line of `--version` without the program's name; running the program takes longer than all else of opening an engine. */
async function versionOf(program: string, root: string): Promise<string> {
  const { mtimeMs, size, ino } = statSync(program);
  const key = `${program} ${mtimeMs} ${size} ${ino}`;
  const cache = join(root, "runtime-versions.json");
  const known = parseCache(await readFileIfExists(cache, MAX_CACHE_BYTES));
  const found = known[key];
  if (found !== undefined) return found;
  const { stdout } = await runTool(program, ["--version"]);
  const version = /version:?\s+(\S+)/.exec(stdout)?.[1] ?? "unknown";
  await mkdir(root, { recursive: true });
  await writeFileAtomic(cache, JSON.stringify({ ...(Object.keys(known).length > 16 ? {} : known), [key]: version }), { sync: false });
  return version;
}

function parseCache(bytes: Buffer | undefined): Record<string, string> {
  try {
    const value: unknown = JSON.parse(bytes?.toString("utf8") ?? "{}");
    return Object.fromEntries(Object.entries(value ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string"));
  } catch {
    return {};
  }
}
