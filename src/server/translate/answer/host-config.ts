import type { ContainerMount, ContainerSpec, TmpfsMount } from "../../../engine/index.ts";
import { portText } from "../create/ports.ts";

const SHM_SIZE = 64 * 1024 * 1024;

/** `HostConfig` of GET /containers/{id}/json, put together again from the engine's spec. */
export function hostConfig(spec: ContainerSpec) {
  const { resources = {}, security = {}, mounts = [] } = spec;
  return {
    ...mountFields(mounts),
    ContainerIDFile: "",
    LogConfig: { Type: "json-file", Config: {} },
    NetworkMode: spec.networks?.[0]?.network ?? "bridge",
    PortBindings: portBindings(spec),
    RestartPolicy: { Name: spec.restart?.policy ?? "no", MaximumRetryCount: spec.restart?.maximumRetryCount ?? 0 },
    AutoRemove: spec.autoRemove ?? false,
    VolumeDriver: "",
    VolumesFrom: null,
    ConsoleSize: [0, 0],
    CapAdd: nullIfEmpty(security.capAdd),
    CapDrop: nullIfEmpty(security.capDrop),
    CgroupnsMode: "private",
    Dns: spec.dns ?? [],
    DnsOptions: spec.dnsOptions ?? [],
    DnsSearch: spec.dnsSearch ?? [],
    ExtraHosts: nullIfEmpty(spec.extraHosts),
    GroupAdd: nullIfEmpty(spec.groupAdd),
    IpcMode: "private",
    Cgroup: "",
    Links: nullIfEmpty(spec.networks?.flatMap(({ links = [] }) => links.map(({ container, alias }) => `/${container}:/${spec.name ?? ""}/${alias}`))),
    OomScoreAdj: 0,
    PidMode: "",
    Privileged: security.privileged ?? false,
    PublishAllPorts: false,
    ReadonlyRootfs: security.readOnlyRootfs ?? false,
    SecurityOpt: securityOptions(security),
    StorageOpt: undefined,
    Sysctls: spec.sysctls && Object.keys(spec.sysctls).length > 0 ? spec.sysctls : undefined,
    UTSMode: "",
    UsernsMode: "",
    ShmSize: spec.shmSize ?? SHM_SIZE,
    Runtime: "runc",
    Isolation: "",
    ...resourceFields(resources),
    Init: spec.init,
    MaskedPaths: security.maskedPaths,
    ReadonlyPaths: security.readonlyPaths,
  };
}

function mountFields(mounts: readonly ContainerMount[]) {
  const binds = mounts.flatMap((mount) => {
    if (mount.kind === "bind" && mount.createSource) return [`${mount.source}:${mount.target}${options(mount.readOnly, mount.propagation)}`];
    if (mount.kind === "volume" && mount.name !== undefined)
      return [`${mount.name}:${mount.target}${options(mount.readOnly, mount.noCopy ? "nocopy" : undefined)}`];
    return [];
  });
  const others = mounts.flatMap((mount) =>
    mount.kind === "bind" && !mount.createSource
      ? [{ Type: "bind", Source: mount.source, Target: mount.target, ...(mount.readOnly ? { ReadOnly: true } : {}) }]
      : [],
  );
  const tmpfs = mounts.flatMap((mount) => (mount.kind === "tmpfs" ? [[mount.target, tmpfsOptions(mount)] as const] : []));
  return { Binds: nullIfEmpty(binds), ...(others.length > 0 ? { Mounts: others } : {}), ...(tmpfs.length > 0 ? { Tmpfs: Object.fromEntries(tmpfs) } : {}) };
}

function options(readOnly: boolean, further: string | undefined): string {
  const list = [...(readOnly ? ["ro"] : []), ...(further ? [further] : [])];
  return list.length > 0 ? `:${list.join(",")}` : "";
}

function tmpfsOptions(mount: TmpfsMount): string {
  const list = [
    ...(mount.readOnly ? ["ro"] : []),
    ...(mount.size === undefined ? [] : [`size=${mount.size}`]),
    ...(mount.mode === undefined ? [] : [`mode=${mount.mode.toString(8)}`]),
  ];
  return [...list, ...(mount.options ?? [])].join(",");
}

function portBindings(spec: ContainerSpec) {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of spec.ports ?? []) (bindings[portText(port)] ??= []).push({ HostIp: port.hostIp ?? "", HostPort: String(port.hostPort ?? "") });
  return bindings;
}

function securityOptions(security: NonNullable<ContainerSpec["security"]>): string[] | null {
  return nullIfEmpty([
    ...(security.noNewPrivileges ? ["no-new-privileges"] : []),
    ...(security.seccomp === "unconfined" ? ["seccomp=unconfined"] : []),
    ...(typeof security.seccomp === "object" ? [`seccomp=${JSON.stringify(security.seccomp.profile)}`] : []),
  ]);
}

function resourceFields(resources: NonNullable<ContainerSpec["resources"]>) {
  return {
    CpuShares: resources.cpuShares ?? 0,
    Memory: resources.memory ?? 0,
    NanoCpus: 0,
    CgroupParent: "",
    BlkioWeight: 0,
    BlkioWeightDevice: [],
    BlkioDeviceReadBps: [],
    BlkioDeviceWriteBps: [],
    BlkioDeviceReadIOps: [],
    BlkioDeviceWriteIOps: [],
    CpuPeriod: resources.cpuPeriod ?? 0,
    CpuQuota: resources.cpuQuota ?? 0,
    CpuRealtimePeriod: 0,
    CpuRealtimeRuntime: 0,
    CpusetCpus: resources.cpusetCpus ?? "",
    CpusetMems: "",
    Devices: (resources.devices ?? []).map((device) => ({
      PathOnHost: device.pathOnHost,
      PathInContainer: device.pathInContainer,
      CgroupPermissions: device.permissions,
    })),
    DeviceCgroupRules: nullIfEmpty(resources.deviceCgroupRules),
    DeviceRequests: null,
    MemoryReservation: 0,
    MemorySwap: resources.memorySwap ?? 0,
    MemorySwappiness: null,
    OomKillDisable: null,
    PidsLimit: resources.pidsLimit ?? null,
    Ulimits: (resources.ulimits ?? []).map(({ name, soft, hard }) => ({ Name: name, Hard: hard, Soft: soft })),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
}

const nullIfEmpty = <T>(list: readonly T[] | undefined): T[] | null => (list && list.length > 0 ? [...list] : null);
