import type { EngineInfo, FsckReport, GcReport } from "../engine/index.ts";
import { counted } from "../system/counted.ts";
import { formatBytes } from "../ui/index.ts";

/** The engine's answers for people. */

export function infoLines(info: EngineInfo): string[] {
  const rows: readonly (readonly [string, string])[] = [
    ["version", info.version],
    ["id", info.id],
    ["root", info.root],
    ["run root", info.runRoot],
    ["runtime", `${info.runtime.name} ${info.runtime.version} (${info.runtime.path})`],
    ["cgroups", [info.cgroup.hierarchy, info.cgroup.controllers.join(", ")].filter(Boolean).join(": ")],
    ["kernel", `${info.kernel}, ${info.architecture}`],
    ["processors", String(info.cpus)],
    ["memory", formatBytes(info.memory)],
  ];
  return [...rows.map(([name, value]) => `${name.padEnd(10)}  ${value}`), ...info.warnings.map((warning) => `warning: ${warning}`)];
}

export function gcLines({ blobs, snapshots, bytes }: GcReport): string[] {
  return [`removed ${counted(blobs, "blob")} and ${counted(snapshots, "snapshot")}: ${formatBytes(bytes)} freed`];
}

export function fsckLines({ checked, findings }: FsckReport): string[] {
  const looked = Object.entries(checked).map(([what, number]) => counted(number, what.replace(/s$/, ""), what));
  const broken = findings.flatMap(({ code, object, message, hint }) => [`${object}: ${message} [${code}]`, `  to mend it: ${hint}`]);
  return [...broken, `checked ${looked.join(", ")}: ${findings.length === 0 ? "all sound" : `${counted(findings.length, "fault")} found`}`];
}
