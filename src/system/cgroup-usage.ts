import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What the cgroup of a process has used so far. A number is left out where the host has no controller for it. */
export interface CgroupUsage {
  /** Bytes, page cache included. */
  readonly memory?: number;
  /** Bytes; the kernel gives a huge number for "no limit". */
  readonly memoryLimit?: number;
  /** The kernel's memory.stat. */
  readonly memoryDetails: Readonly<Record<string, number>>;
  readonly cpuNanoseconds?: number;
  /** CPU time of the whole host, idle time included, summed over its CPUs. */
  readonly hostCpuNanoseconds: number;
  readonly pids?: number;
}

/** Where the mount table has cgroup hierarchies: controllers of v1, or `""` for v2. */
type Hierarchies = ReadonlyMap<string, string>;

/** Nanoseconds of a clock tick: USER_HZ is 100 on every architecture Node runs on. */
const TICK_NANOSECONDS = 10_000_000;

/** Reads the counters of the cgroups that the process is in, v1 and v2; undefined when the process is gone. cgroups(7). */
export async function readCgroupUsage(pid: number): Promise<CgroupUsage | undefined> {
  const membership = await readText(`/proc/${pid}/cgroup`);
  if (membership === undefined) return undefined;
  const hierarchies = await readHierarchies();
  const directoryOf = (controller: string) => cgroupDirectory(membership, hierarchies, controller);
  const [memory, cpu, pids] = [directoryOf("memory"), directoryOf("cpuacct"), directoryOf("pids")];
  const number = async (directory: string | undefined, ...names: string[]) => (directory ? firstNumber(directory, names) : undefined);
  return dropUndefined({
    memory: await number(memory, "memory.usage_in_bytes", "memory.current"),
    memoryLimit: await number(memory, "memory.limit_in_bytes", "memory.max"),
    memoryDetails: memory ? parseTable(await readText(join(memory, "memory.stat"))) : {},
    cpuNanoseconds: cpu ? await cpuNanoseconds(cpu) : undefined,
    hostCpuNanoseconds: await hostCpuNanoseconds(),
    pids: await number(pids, "pids.current"),
  });
}

async function cpuNanoseconds(directory: string): Promise<number | undefined> {
  const microseconds = parseTable(await readText(join(directory, "cpu.stat")))["usage_usec"];
  return microseconds === undefined ? await firstNumber(directory, ["cpuacct.usage"]) : microseconds * 1000;
}

async function hostCpuNanoseconds(): Promise<number> {
  const line = (await readText("/proc/stat"))?.split("\n")[0] ?? "";
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return ticks.reduce((total, value) => total + value, 0) * TICK_NANOSECONDS;
}

async function readHierarchies(): Promise<Hierarchies> {
  const hierarchies = new Map<string, string>();
  for (const line of ((await readText("/proc/self/mountinfo")) ?? "").split("\n")) {
    const [place = "", device = ""] = line.split(" - ");
    const [type, , options = ""] = device.split(" ");
    const mountPoint = place.split(" ")[4];
    if (mountPoint === undefined) continue;
    if (type === "cgroup2") hierarchies.set("", mountPoint);
    if (type === "cgroup") for (const controller of options.split(",")) hierarchies.set(controller, mountPoint);
  }
  return hierarchies;
}

/** Lines of /proc/PID/cgroup are `id:controller,controller:path`; the v2 line names no controller. */
function cgroupDirectory(membership: string, hierarchies: Hierarchies, controller: string): string | undefined {
  const lines = membership.split("\n").map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const line = lines.find((match) => match?.[1]?.split(",").includes(controller)) ?? lines.find((match) => match?.[1] === "");
  const mountPoint = line?.[1] === "" ? hierarchies.get("") : hierarchies.get(controller);
  return line?.[2] !== undefined && mountPoint !== undefined ? join(mountPoint, line[2]) : undefined;
}

async function firstNumber(directory: string, names: readonly string[]): Promise<number | undefined> {
  for (const name of names) {
    const text = (await readText(join(directory, name)))?.trim();
    if (text !== undefined && /^\d+$/.test(text)) return Number(text);
  }
  return undefined;
}

function parseTable(text: string | undefined): Record<string, number> {
  const rows = (text ?? "").split("\n").flatMap((line) => {
    const [key, value] = line.split(" ");
    return key && value !== undefined && /^\d+$/.test(value) ? [[key, Number(value)] as const] : [];
  });
  return Object.fromEntries(rows);
}

async function readText(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}

function dropUndefined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> };
}
