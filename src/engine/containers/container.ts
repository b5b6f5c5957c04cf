import type { ImageId } from "../../oci/index.ts";
import type { NetworkInfo } from "../networks/network.ts";

/** 64 lower-case hex digits. */
export type ContainerId = string & { readonly __brand: "ContainerId" };

export interface BindMount {
  readonly kind: "bind";
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Create a missing source directory, as `docker run -v` does; otherwise a missing source is an error. */
  readonly createSource?: boolean;
  readonly propagation?: "private" | "rprivate" | "slave" | "rslave" | "shared" | "rshared";
}
export interface VolumeMount {
  readonly kind: "volume";
  /** Undefined: an anonymous volume, removed with the container when asked. */
  readonly name?: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Leave out the copy of the image's files into an empty volume. */
  readonly noCopy?: boolean;
}
export interface TmpfsMount {
  readonly kind: "tmpfs";
  readonly target: string;
  readonly readOnly?: boolean;
  /** Bytes. */
  readonly size?: number;
  /** Permission bits, default 0o1777. */
  readonly mode?: number;
  /** Further tmpfs options such as `noexec`, `nr_inodes=…`. */
  readonly options?: readonly string[];
}
export type ContainerMount = BindMount | VolumeMount | TmpfsMount;

export interface DeviceRequest {
  readonly pathOnHost: string;
  readonly pathInContainer: string;
  /** Any of `rwm`. */
  readonly permissions: string;
}

export interface ContainerResources {
  /** Bytes; where the memory controller is there. */
  readonly memory?: number;
  /** Memory plus swap in bytes, -1 for no limit. */
  readonly memorySwap?: number;
  readonly cpuShares?: number;
  /** Microseconds of CPU time per period. */
  readonly cpuQuota?: number;
  readonly cpuPeriod?: number;
  /** `0-1,3`. */
  readonly cpusetCpus?: string;
  readonly pidsLimit?: number;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly devices?: readonly DeviceRequest[];
  /** cgroup device rules such as `b 7:* rwm`. */
  readonly deviceCgroupRules?: readonly string[];
}

export interface ContainerSecurity {
  /** Capability names without `CAP_`, or `ALL`; added to and taken from the default set, then cut to the host's bounding set. */
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
  readonly noNewPrivileges?: boolean;
  /** `default`, `unconfined`, or a seccomp profile in Docker's JSON form. */
  readonly seccomp?: "default" | "unconfined" | { readonly profile: unknown };
  /** Undefined: the default lists. An empty array: none. */
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly readOnlyRootfs?: boolean;
}

export interface NetworkAttachment {
  /** Network name or id; `bridge`, `host` and `none` are always there. */
  readonly network: string;
  readonly aliases?: readonly string[];
  /** `container name or id` → alias, Docker's `--link`. */
  readonly links?: readonly { readonly container: string; readonly alias: string }[];
}

export interface PortBinding {
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
  readonly hostIp?: string;
  /** Undefined: a free one is chosen. */
  readonly hostPort?: number;
}

/** What a container is made from. Everything the image gives as default is already resolved by `create` when left out here. */
export interface ContainerSpec {
  readonly image: string;
  readonly name?: string;
  readonly entrypoint?: readonly string[] | null;
  readonly command?: readonly string[];
  /** `KEY=value`; joins the image's. A bare `KEY` removes it. */
  readonly env?: readonly string[];
  readonly workingDir?: string;
  /** `user[:group]` as names or numbers. */
  readonly user?: string;
  readonly groupAdd?: readonly string[];
  readonly hostname?: string;
  readonly domainname?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  readonly openStdin?: boolean;
  /** Close stdin when the first attached client closes it. */
  readonly stdinOnce?: boolean;
  readonly stopSignal?: string;
  /** Seconds. */
  readonly stopTimeout?: number;
  readonly autoRemove?: boolean;
  /** Run a small init as PID 1 (when the host has one) that reaps and forwards signals. */
  readonly init?: boolean;
  readonly mounts?: readonly ContainerMount[];
  readonly resources?: ContainerResources;
  readonly security?: ContainerSecurity;
  /** First one is the mode; default `bridge`. */
  readonly networks?: readonly NetworkAttachment[];
  readonly ports?: readonly PortBinding[];
  /** Ports the container says it listens on, beside those of the image and the published ones. */
  readonly exposedPorts?: readonly Pick<PortBinding, "containerPort" | "protocol">[];
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
  /** `name:address` lines for /etc/hosts. */
  readonly extraHosts?: readonly string[];
  /** Bytes of /dev/shm. */
  readonly shmSize?: number;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly restart?: { readonly policy: "no" | "always" | "on-failure" | "unless-stopped"; readonly maximumRetryCount?: number };
}

export type ContainerState =
  | { readonly kind: "created" }
  | { readonly kind: "running"; readonly pid: number; readonly startedAt: string; readonly paused?: boolean }
  | { readonly kind: "exited"; readonly exit: ExitStatus; readonly startedAt: string; readonly finishedAt: string }
  /** Could not be started, or its monitor vanished without an exit code. */
  | { readonly kind: "dead"; readonly reason: string; readonly finishedAt: string };

/** Why a container's first process ended. */
export type ExitStatus =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signaled"; readonly signal: number; readonly code: number }
  | { readonly kind: "out-of-memory"; readonly code: number };

/** Everything known of a container now. */
export interface ContainerInfo {
  readonly id: ContainerId;
  /** Without leading slash. */
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly imageId: ImageId;
  /** As given to `create`. */
  readonly spec: ContainerSpec;
  /** The process as it runs: entry point and command, environment, directory, user, after the image's defaults. */
  readonly process: { readonly args: readonly string[]; readonly env: readonly string[]; readonly cwd: string; readonly user: string };
  readonly state: ContainerState;
  readonly endpoints: readonly Endpoint[];
  /** Published ports while it runs, with the host's address and port that were chosen. */
  readonly publishedPorts?: readonly (PortBinding & { readonly hostPort: number })[];
  readonly mounts: readonly ResolvedMount[];
  /** Capabilities granted in the end, without `CAP_`. */
  readonly capabilities: readonly string[];
  /** Things that were asked for and the host could not give, one sentence each. */
  readonly warnings: readonly string[];
  readonly execIds: readonly string[];
}

export interface ResolvedMount {
  readonly kind: "bind" | "volume" | "tmpfs";
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly volumeName?: string;
  readonly propagation?: string;
}

/** A container's place in a network. */
export interface Endpoint {
  readonly networkId: string;
  readonly networkName: string;
  /** IPv4. */
  readonly address?: string;
  readonly prefixLength?: number;
  readonly gateway?: string;
  readonly macAddress?: string;
  readonly aliases: readonly string[];
}

/** The streams of an attached process. With a TTY everything is `stdout`. */
export type OutputChunk = { readonly stream: "stdout" | "stderr"; readonly data: Uint8Array };

export interface AttachedStreams extends AsyncDisposable {
  readonly output: AsyncIterable<OutputChunk>;
  /** Undefined when stdin was not asked for or the container has none. Ending it closes the process's stdin where it was opened `stdinOnce`. */
  readonly stdin?: WritableStdin;
}
export interface WritableStdin {
  write(data: Uint8Array): Promise<void>;
  end(): Promise<void>;
}

export type LogEntry = { readonly stream: "stdout" | "stderr" /** RFC 3339 with nanoseconds. */; readonly time: string; readonly data: Uint8Array };

export interface LogOptions {
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  readonly follow?: boolean;
  /** Last N lines. */
  readonly tail?: number;
  /** Seconds since 1970, fractions allowed. */
  readonly since?: number;
  readonly until?: number;
  readonly signal?: AbortSignal;
}

export interface ExecSpec {
  readonly command: readonly string[];
  readonly env?: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
  readonly tty?: boolean;
  readonly attachStdin?: boolean;
  readonly privileged?: boolean;
}

export interface ExecInfo {
  readonly id: string;
  readonly containerId: ContainerId;
  readonly spec: ExecSpec;
  readonly running: boolean;
  readonly pid?: number;
  readonly exitCode?: number;
}

/** Containers, by phase of life. A lookup is a full id, a name, or an unambiguous prefix of an id. */
export interface Containers {
  create(spec: ContainerSpec): Promise<ContainerInfo>;
  /** @throws RbuildError `container.not-found`, `container.ambiguous` */
  get(lookup: string): Promise<ContainerInfo>;
  list(): Promise<readonly ContainerInfo[]>;
  /** Idempotent: false when it was running already. */
  start(lookup: string): Promise<boolean>;
  /** Streams from now on; attach before `start` to miss nothing. */
  attach(
    lookup: string,
    options: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean; readonly signal?: AbortSignal },
  ): Promise<AttachedStreams>;
  logs(lookup: string, options?: LogOptions): AsyncIterable<LogEntry>;
  resize(lookup: string, size: { readonly rows: number; readonly columns: number }): Promise<void>;
  /** Resolves when the condition holds; `next-exit` waits for an end that is still to come. */
  wait(lookup: string, condition?: "not-running" | "next-exit" | "removed", options?: { readonly signal?: AbortSignal }): Promise<ExitStatus>;
  kill(lookup: string, signal?: string | number): Promise<void>;
  /** Stop signal, then SIGKILL after `timeout` seconds. False when it was not running. */
  stop(lookup: string, options?: { readonly timeout?: number }): Promise<boolean>;
  restart(lookup: string, options?: { readonly timeout?: number }): Promise<void>;
  pause(lookup: string): Promise<void>;
  unpause(lookup: string): Promise<void>;
  rename(lookup: string, name: string): Promise<void>;
  /** From its next start on it is in this network too. @throws RbuildError `container.networks-fixed` while it runs */
  connect(lookup: string, network: Pick<NetworkInfo, "id" | "name">, attachment: Omit<NetworkAttachment, "network">): Promise<void>;
  /** @throws RbuildError `container.networks-fixed`, `container.not-in-network` */
  disconnect(lookup: string, network: Pick<NetworkInfo, "id" | "name">): Promise<void>;
  /** @throws RbuildError `container.running` when it runs and `force` is not set */
  remove(lookup: string, options?: { readonly force?: boolean; readonly volumes?: boolean }): Promise<void>;
  /** Commits the container's changes as one more layer on its image. */
  commit(lookup: string, options?: CommitOptions): Promise<import("../images/image.ts").Image>;
  changes(lookup: string): Promise<readonly { readonly kind: "modified" | "added" | "deleted"; readonly path: string }[]>;
  /** The container's whole root file system as a tar: `docker export`. */
  export(lookup: string): AsyncIterable<Uint8Array>;
  /** `docker cp` out: a tar of `path`, and its stat. Links are resolved inside the container's root, never outside. */
  archive(lookup: string, path: string): Promise<{ readonly stat: PathStat; readonly tar: AsyncIterable<Uint8Array> }>;
  statPath(lookup: string, path: string): Promise<PathStat>;
  /** `docker cp` in: extracts a tar into the directory `path`. */
  extract(
    lookup: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options?: { readonly noOverwriteDirNonDir?: boolean; readonly copyUidGid?: boolean },
  ): Promise<void>;
  top(lookup: string, psArgs?: readonly string[]): Promise<{ readonly titles: readonly string[]; readonly processes: readonly (readonly string[])[] }>;
  createExec(lookup: string, spec: ExecSpec): Promise<ExecInfo>;
  startExec(id: string, options?: { readonly signal?: AbortSignal }): Promise<AttachedStreams>;
  getExec(id: string): Promise<ExecInfo>;
  resizeExec(id: string, size: { readonly rows: number; readonly columns: number }): Promise<void>;
}

export interface CommitOptions {
  readonly reference?: string;
  readonly author?: string;
  readonly comment?: string;
  /** Dockerfile instructions such as `CMD ["x"]` applied to the config. */
  readonly changes?: readonly string[];
  /** Freeze the container meanwhile; default true. */
  readonly pause?: boolean;
  /** Seconds since 1970 for `created`, history and as clamp of file times; default now and no clamp. */
  readonly sourceDateEpoch?: number;
}

export interface PathStat {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** st_mode. */
  readonly mode: number;
  readonly mtime: Date;
  readonly linkTarget: string;
}
