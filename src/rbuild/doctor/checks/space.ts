import { readFile, statfs } from "node:fs/promises";
import type { Check, CheckContext, HostCheck } from "../check.ts";
import type { Job } from "../jobs.ts";
import { nearestFolder } from "./overlayfs.ts";

const GB = 1e9;
/** Bytes free: below the first nothing can work, below the second it may run short. */
const DISK: Readonly<Record<Job, readonly [least: number, good: number]>> = {
  engine: [0.5 * GB, 2 * GB],
  image: [3 * GB, 5 * GB],
  iso: [5 * GB, 10 * GB],
  test: [10 * GB, 15 * GB],
  bench: [15 * GB, 20 * GB],
};
/** Bytes. */
const MEMORY: readonly [least: number, good: number] = [0.4 * GB, 1.5 * GB];

export const checkSpace: HostCheck = async (context) => [await disk(context), await memory()];

async function disk({ engineRoot, job }: CheckContext): Promise<Check> {
  const place = await nearestFolder(engineRoot);
  const { bavail, bsize } = await statfs(place);
  const [least, good] = DISK[job];
  const free = bavail * bsize;
  const base = {
    id: "disk.engine-root",
    found: `${gigabytes(free)} free at ${place}`,
    needed: `${gigabytes(good)} free at ${engineRoot}`,
    why: "images, containers, package cache",
  };
  return { ...base, ...judge(free, least, good, "rbuild engine gc, or --engine-root on a larger file system") };
}

async function memory(): Promise<Check> {
  const available = availableMemory(await readFile("/proc/meminfo", "utf8"));
  const base = { id: "memory.available", found: gigabytes(available), needed: gigabytes(MEMORY[1]), why: "compressing a live system's file system" };
  return { ...base, ...judge(available, ...MEMORY, "end other programs, or add swap") };
}

function judge(value: number, least: number, good: number, fix: string): Pick<Check, "status" | "fix"> {
  if (value >= good) return { status: "ok" };
  return { status: value < least ? "fail" : "warn", fix };
}

/** MemAvailable of /proc/meminfo in bytes. */
export function availableMemory(meminfo: string): number {
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024;
}

function gigabytes(bytes: number): string {
  return `${(bytes / GB).toFixed(1)} GB`;
}
