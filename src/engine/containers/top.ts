import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RbuildError, run } from "../../system/index.ts";
import type { CgroupSupport } from "../runtime/host/cgroups.ts";
import type { ContainerId } from "./container.ts";
import type { ContainerContext } from "./container-context.ts";
import { CGROUP_PARENT } from "./exit/container-cgroups.ts";
import { findContainerProcesses } from "./exit/find-processes.ts";
import { requireRunning } from "./stop.ts";

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

/** The container's processes as the host's ps(1) shows them. @throws RbuildError `container.not-running`, `container.bad-ps-arguments`, `tool.missing` */
export async function listProcesses(context: ContainerContext, id: ContainerId, psArgs: readonly string[] = ["-ef"]): Promise<ProcessTable> {
  const { phase } = await requireRunning(context, id);
  const pids = new Set([phase.process.pid, ...processesOf(context.host.cgroups, id)]);
  const { stdout } = await run("ps", psArgs);
  const [header = "", ...lines] = stdout.split("\n").filter(Boolean);
  const titles = header.trim().split(/\s+/);
  const pidColumn = titles.indexOf("PID");
  if (pidColumn < 0) {
    throw new RbuildError("container.bad-ps-arguments", `ps ${psArgs.join(" ")} prints no column PID to tell processes by`, { category: "invalid" });
  }
  const rows = lines.map((line) => splitRow(line, titles.length)).filter((row) => pids.has(Number(row[pidColumn])));
  return { titles, processes: rows };
}

/** The last column is the command, with its spaces. */
function splitRow(line: string, columns: number): string[] {
  const words = line.trim().split(/\s+/);
  return [...words.slice(0, columns - 1), words.slice(columns - 1).join(" ")];
}

function processesOf(cgroups: CgroupSupport, id: ContainerId): number[] {
  const file = [...cgroups.mountPoints.values()].map((mountPoint) => join(mountPoint, CGROUP_PARENT, id, "cgroup.procs")).find((path) => existsSync(path));
  if (file === undefined) return findContainerProcesses(id).inside.map(({ pid }) => pid);
  return readFileSync(file, "latin1").trim().split("\n").map(Number);
}
