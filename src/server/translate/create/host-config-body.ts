import { z } from "zod";
import { lenient } from "../../http/body.ts";

const mountSchema = z.object({
  Type: lenient.text,
  Source: lenient.text,
  Target: lenient.text,
  ReadOnly: lenient.flag,
  BindOptions: z.object({ Propagation: lenient.text, CreateMountpoint: lenient.flag }).nullish(),
  VolumeOptions: z
    .object({ NoCopy: lenient.flag, Subpath: lenient.text, DriverConfig: z.object({ Name: lenient.text, Options: lenient.record }).nullish() })
    .nullish(),
  TmpfsOptions: z.object({ SizeBytes: lenient.number, Mode: lenient.number, Options: z.array(z.array(z.string())).nullish() }).nullish(),
});

const portBindingSchema = z.object({ HostIp: lenient.text, HostPort: lenient.text });
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);

/** `HostConfig` of Docker's create request: the fields that are translated or refused. Others pass unread. */
export const hostConfigSchema = z.object({
  Binds: lenient.texts,
  Mounts: listOf(mountSchema),
  Tmpfs: lenient.record,
  VolumesFrom: lenient.texts,
  VolumeDriver: lenient.text,
  CapAdd: lenient.words,
  CapDrop: lenient.words,
  Privileged: lenient.flag,
  SecurityOpt: lenient.texts,
  ReadonlyRootfs: lenient.flag,
  MaskedPaths: z.array(z.string()).nullish(),
  ReadonlyPaths: z.array(z.string()).nullish(),
  Devices: listOf(z.object({ PathOnHost: lenient.text, PathInContainer: lenient.text, CgroupPermissions: lenient.text })),
  DeviceCgroupRules: lenient.texts,
  DeviceRequests: listOf(z.unknown()),
  Ulimits: listOf(z.object({ Name: z.string(), Soft: lenient.number, Hard: lenient.number })),
  Memory: lenient.number,
  MemorySwap: lenient.number,
  CpuShares: lenient.number,
  CpuQuota: lenient.number,
  CpuPeriod: lenient.number,
  NanoCpus: lenient.number,
  CpusetCpus: lenient.text,
  PidsLimit: lenient.number,
  NetworkMode: lenient.text,
  Links: lenient.texts,
  ExtraHosts: lenient.texts,
  Dns: lenient.texts,
  DnsSearch: lenient.texts,
  DnsOptions: lenient.texts,
  PortBindings: z
    .record(z.string(), z.array(portBindingSchema).nullish())
    .nullish()
    .transform((value) => value ?? {}),
  PublishAllPorts: lenient.flag,
  ShmSize: lenient.number,
  Sysctls: lenient.record,
  GroupAdd: lenient.texts,
  AutoRemove: lenient.flag,
  Init: z.boolean().nullish(),
  RestartPolicy: z.object({ Name: lenient.text, MaximumRetryCount: lenient.number }).nullish(),
  LogConfig: z.object({ Type: lenient.text }).nullish(),
  PidMode: lenient.text,
  IpcMode: lenient.text,
  UTSMode: lenient.text,
  UsernsMode: lenient.text,
  CgroupnsMode: lenient.text,
  CgroupParent: lenient.text,
  Runtime: lenient.text,
  Isolation: lenient.text,
  StorageOpt: lenient.record,
  BlkioWeight: lenient.number,
  BlkioWeightDevice: listOf(z.unknown()),
  BlkioDeviceReadBps: listOf(z.unknown()),
  BlkioDeviceWriteBps: listOf(z.unknown()),
  BlkioDeviceReadIOps: listOf(z.unknown()),
  BlkioDeviceWriteIOps: listOf(z.unknown()),
  CpusetMems: lenient.text,
  CpuRealtimePeriod: lenient.number,
  CpuRealtimeRuntime: lenient.number,
  MemoryReservation: lenient.number,
  MemorySwappiness: z.number().nullish(),
  OomKillDisable: z.boolean().nullish(),
  OomScoreAdj: lenient.number,
});

export type HostConfigBody = z.infer<typeof hostConfigSchema>;
export type MountBody = z.infer<typeof mountSchema>;
