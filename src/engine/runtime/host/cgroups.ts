import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type MountEntry, readMountinfo } from "./mountinfo.ts";

/** How this host groups processes, and what it can limit. */
export interface CgroupSupport {
  /** `none` also where there are groups but this process may not make any. */
  readonly hierarchy: "v1" | "v2" | "hybrid" | "none";
  /** Sorted: `cpu`, `cpuset`, `devices`, `freezer`, `memory`, `pids`, … `devices` and `freezer` are part of v2 itself. */
  readonly controllers: readonly string[];
  /** Limits on memory plus swap can be set. */
  readonly swapLimit: boolean;
  /** Mount points by v1 controller; the v2 mount is `unified`. Named hierarchies are `name=…`. */
  readonly mountPoints: ReadonlyMap<string, string>;
  /** Where a v2 hierarchy is seen beside v1 ones, whether or not this process may write to any. */
  readonly hybridMount?: string;
}

const V1_CONTROLLERS = new Set("blkio cpu cpuacct cpuset devices freezer hugetlb memory misc net_cls net_prio perf_event pids rdma".split(" "));

const isWritable = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
};

export function detectCgroups(mounts: readonly MountEntry[] = readMountinfo()): CgroupSupport {
  const mountPoints = new Map<string, string>();
  for (const { type, mountPoint, superOptions, options } of mounts) {
    if (!options.includes("rw") || !isWritable(mountPoint)) continue;
    if (type === "cgroup2") mountPoints.set("unified", mountPoint);
    if (type !== "cgroup") continue;
    for (const option of superOptions) if (V1_CONTROLLERS.has(option) || option.startsWith("name=")) mountPoints.set(option, mountPoint);
  }
  const seen = mounts.some(({ type }) => type === "cgroup") ? mounts.find(({ type }) => type === "cgroup2")?.mountPoint : undefined;
  const hybrid = seen === undefined ? {} : { hybridMount: seen };
  const unified = mountPoints.get("unified");
  const v1 = [...mountPoints.keys()].filter((name) => V1_CONTROLLERS.has(name)).sort();
  if (unified !== undefined && v1.length === 0) {
    const controllers = readFileSync(join(unified, "cgroup.controllers"), "latin1").trim().split(/\s+/).filter(Boolean);
    return {
      hierarchy: "v2",
      controllers: [...new Set([...controllers, "devices", "freezer"])].sort(),
      swapLimit: controllers.includes("memory"),
      mountPoints,
      ...hybrid,
    };
  }
  if (v1.length === 0) return { hierarchy: "none", controllers: [], swapLimit: false, mountPoints, ...hybrid };
  const memory = mountPoints.get("memory");
  return {
    hierarchy: unified === undefined ? "v1" : "hybrid",
    controllers: v1,
    swapLimit: memory !== undefined && existsSync(join(memory, "memory.memsw.limit_in_bytes")),
    mountPoints,
    ...hybrid,
  };
}
