import type { CreateBody } from "./create-body.ts";
import { unsupportedOption } from "./refusal.ts";

/** Options with which the container would not be the one asked for: refused. Docker's defaults, spelled out, are fine. */
export function refuseUnsupported(body: CreateBody): void {
  const host = body.HostConfig;
  const refused: readonly (readonly [option: string, value: string, accepted: readonly string[]])[] = [
    ["pid", host.PidMode, ["", "private"]],
    ["ipc", host.IpcMode, ["", "private", "shareable", "none"]],
    ["uts", host.UTSMode, [""]],
    ["userns", host.UsernsMode, [""]],
    ["runtime", host.Runtime, ["", "runc", "crun", "io.containerd.runc.v2"]],
    ["volume-driver", host.VolumeDriver, ["", "local"]],
    ["isolation", host.Isolation, ["", "default"]],
    ["mac-address", body.MacAddress, [""]],
  ];
  for (const [option, value, accepted] of refused) if (!accepted.includes(value)) throw unsupportedOption(option, value);
  if (host.DeviceRequests.length > 0) throw unsupportedOption("gpus", JSON.stringify(host.DeviceRequests));
  const [storage] = Object.entries(host.StorageOpt);
  if (storage) throw unsupportedOption("storage-opt", storage.join("="));
}

/** Options that only tune what the container costs or says: passed over, and said so in the answer's warnings. */
export function tuningWarnings(body: CreateBody): string[] {
  const host = body.HostConfig;
  const given: Readonly<Record<string, boolean>> = {
    "block IO limits":
      [host.BlkioWeightDevice, host.BlkioDeviceReadBps, host.BlkioDeviceWriteBps, host.BlkioDeviceReadIOps, host.BlkioDeviceWriteIOps].some(
        (list) => list.length > 0,
      ) || host.BlkioWeight > 0,
    "cpuset-mems": host.CpusetMems !== "",
    "real-time CPU scheduling": host.CpuRealtimePeriod > 0 || host.CpuRealtimeRuntime > 0,
    "memory reservation": host.MemoryReservation > 0,
    "memory swappiness": (host.MemorySwappiness ?? -1) >= 0,
    "OOM killer settings": host.OomKillDisable === true || host.OomScoreAdj !== 0,
    "cgroup parent": host.CgroupParent !== "",
    "the health check": (body.Healthcheck?.Test.length ?? 0) > 0 && body.Healthcheck?.Test[0] !== "NONE",
    "the log driver (logs are kept as json-file keeps them)": !["", "json-file", "local", "none"].includes(host.LogConfig?.Type ?? ""),
  };
  return Object.entries(given).flatMap(([what, is]) => (is ? [`${what} given, and passed over: this engine does not support it`] : []));
}
