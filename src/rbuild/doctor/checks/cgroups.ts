import { readFile } from "node:fs/promises";
import type { Check, HostCheck } from "../check.ts";

/** Controllers that the engine gives limits through. */
const WANTED = ["cpu", "memory", "pids"] as const;

/** How processes are grouped: a container works without, its limits do not. */
export const checkCgroups: HostCheck = async () => {
  const base = { id: "kernel.cgroups", needed: `control groups with ${WANTED.join(", ")}`, why: "limits and accounts of containers" };
  const found = await readCgroups();
  const missing = WANTED.filter((name) => !found.controllers.includes(name));
  const text = found.hierarchy === "none" ? "none mounted" : `${found.hierarchy}: ${found.controllers.join(", ") || "no controllers"}`;
  if (missing.length === 0) return [{ ...base, status: "ok", found: text }];
  const fix = found.hierarchy === "none" ? "mount -t cgroup2 none /sys/fs/cgroup" : `boot with cgroup_enable=${missing.join(",")}`;
  return [{ ...base, status: "warn", found: `${text}; without ${missing.join(", ")}`, fix } satisfies Check];
};

export interface Cgroups {
  readonly hierarchy: "v1" | "v2" | "hybrid" | "none";
  readonly controllers: readonly string[];
}

async function readCgroups(): Promise<Cgroups> {
  const mounts = parseCgroupMounts(await readFile("/proc/self/mounts", "utf8"));
  if (mounts.hierarchy !== "v2" || mounts.v2 === undefined) return mounts;
  const controllers = await readFile(`${mounts.v2}/cgroup.controllers`, "utf8").catch(() => "");
  return { hierarchy: "v2", controllers: controllers.trim().split(/\s+/).filter(Boolean).sort() };
}

/** The hierarchy by proc(5) mounts; of v2 its mount point, for its controllers are in a file there. */
export function parseCgroupMounts(text: string): Cgroups & { readonly v2: string | undefined } {
  const rows = text.split("\n").map((line) => line.split(" "));
  const v2 = rows.find(([, , type]) => type === "cgroup2")?.[1];
  const options = rows.filter(([, , type]) => type === "cgroup").flatMap(([, , , list]) => list?.split(",") ?? []);
  const controllers = [...new Set(options.filter((option) => !OTHER_OPTIONS.has(option) && !option.includes("=")))].sort();
  const hierarchy = controllers.length > 0 ? (v2 === undefined ? "v1" : "hybrid") : v2 === undefined ? "none" : "v2";
  return { hierarchy, controllers, v2 };
}

const OTHER_OPTIONS = new Set(["rw", "ro", "nosuid", "nodev", "noexec", "relatime", "noatime", "xattr", "clone_children", "noprefix"]);
