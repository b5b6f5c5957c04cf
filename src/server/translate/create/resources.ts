import type { ContainerResources } from "../../../engine/index.ts";
import type { HostConfigBody } from "./host-config-body.ts";
import { invalidOption } from "./refusal.ts";

/** Microseconds: the period against which `NanoCpus` is counted. */
const CPU_PERIOD = 100_000;

type ResourceBody = Pick<
  HostConfigBody,
  "Memory" | "MemorySwap" | "CpuShares" | "CpuQuota" | "CpuPeriod" | "NanoCpus" | "CpusetCpus" | "PidsLimit" | "Ulimits" | "Devices" | "DeviceCgroupRules"
>;

/** Zero, empty and absent all mean "no limit asked for" in Docker's API. */
export function translateResources(host: ResourceBody): ContainerResources {
  return {
    ...(host.Memory > 0 ? { memory: host.Memory } : {}),
    ...(host.MemorySwap === 0 ? {} : { memorySwap: host.MemorySwap }),
    ...(host.CpuShares > 0 ? { cpuShares: host.CpuShares } : {}),
    ...cpuTime(host),
    ...(host.CpusetCpus ? { cpusetCpus: host.CpusetCpus } : {}),
    ...(host.PidsLimit > 0 ? { pidsLimit: host.PidsLimit } : {}),
    ...(host.Ulimits.length > 0 ? { ulimits: host.Ulimits.map(ulimit) } : {}),
    ...(host.Devices.length > 0 ? { devices: host.Devices.map(device) } : {}),
    ...(host.DeviceCgroupRules.length > 0 ? { deviceCgroupRules: host.DeviceCgroupRules.map(deviceRule) } : {}),
  };
}

function cpuTime(host: ResourceBody): Pick<ContainerResources, "cpuQuota" | "cpuPeriod"> {
  if (host.NanoCpus > 0) {
    if (host.CpuQuota > 0 || host.CpuPeriod > 0) throw invalidOption("cpus", String(host.NanoCpus), "Nano CPUs and CPU period or quota cannot both be set");
    return { cpuQuota: Math.round((host.NanoCpus * CPU_PERIOD) / 1e9), cpuPeriod: CPU_PERIOD };
  }
  return { ...(host.CpuQuota > 0 ? { cpuQuota: host.CpuQuota } : {}), ...(host.CpuPeriod > 0 ? { cpuPeriod: host.CpuPeriod } : {}) };
}

function ulimit(limit: ResourceBody["Ulimits"][number]): NonNullable<ContainerResources["ulimits"]>[number] {
  if (!/^[a-z]{1,20}$/.test(limit.Name)) throw invalidOption("ulimit", limit.Name, "it is not the name of a limit");
  return { name: limit.Name, soft: limit.Soft, hard: limit.Hard };
}

function device(entry: ResourceBody["Devices"][number]): NonNullable<ContainerResources["devices"]>[number] {
  const permissions = entry.CgroupPermissions || "rwm";
  if (!/^[rwm]{1,3}$/.test(permissions)) throw invalidOption("device permissions", permissions, "any of r, w and m");
  if (!entry.PathOnHost.startsWith("/")) throw invalidOption("device", entry.PathOnHost, "it is not an absolute path");
  return { pathOnHost: entry.PathOnHost, pathInContainer: entry.PathInContainer || entry.PathOnHost, permissions };
}

/** `b 7:* rwm`. */
function deviceRule(rule: string): string {
  if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(rule)) throw invalidOption("device cgroup rule", rule, "it is not such as 'b 7:* rwm'");
  return rule;
}
