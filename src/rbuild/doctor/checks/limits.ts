import { readFile } from "node:fs/promises";
import type { Check, HostCheck } from "../check.ts";

/** Hard limits of this process; containers get no more. */
const LIMITS = [
  { id: "limit.open-files", row: "Max open files", wanted: 4096, why: "the engine and big builds open many files", flag: "n" },
  { id: "limit.processes", row: "Max processes", wanted: 1024, why: "builds start many processes", flag: "u" },
] as const;

export const checkLimits: HostCheck = async () => {
  const text = await readFile("/proc/self/limits", "utf8");
  return LIMITS.map(({ id, row, wanted, why, flag }): Check => {
    const hard = hardLimit(text, row);
    const base = { id, needed: `${wanted} or more`, why, found: hard === Number.POSITIVE_INFINITY ? "unlimited" : String(hard) };
    return hard >= wanted ? { ...base, status: "ok" } : { ...base, status: "warn", fix: `ulimit -H${flag} ${wanted}` };
  });
};

/** A row of /proc/pid/limits. */
export function hardLimit(text: string, row: string): number {
  const value = new RegExp(`^${row} +\\S+ +(\\S+)`, "m").exec(text)?.[1];
  return value === "unlimited" || value === undefined ? Number.POSITIVE_INFINITY : Number(value);
}
