import { hostname } from "node:os";
import type { ContainerInfo, EngineInfo } from "../../../engine/index.ts";
import { json } from "../../http/answer.ts";
import type { Handler, Route } from "../../http/router.ts";

const getInfo: Handler = async (_request, { engine, clock, events }) => {
  const [info, containers, images] = await Promise.all([engine.info(), engine.containers.list(), engine.images.list()]);
  return json({
    ID: info.id,
    ...counts(containers),
    Images: images.length,
    Driver: "overlay2",
    DriverStatus: [["Store", "OCI image layout"]],
    Plugins: { Volume: ["local"], Network: ["bridge", "host", "null"], Authorization: null, Log: ["json-file"] },
    ...controllers(info),
    IPv4Forwarding: true,
    Debug: false,
    NFd: 0,
    OomKillDisable: false,
    NGoroutines: 0,
    SystemTime: clock.now().toISOString(),
    LoggingDriver: "json-file",
    CgroupDriver: info.cgroup.hierarchy === "none" ? "none" : "cgroupfs",
    CgroupVersion: info.cgroup.hierarchy === "v2" ? "2" : "1",
    NEventsListener: events.listeners,
    KernelVersion: info.kernel,
    OperatingSystem: "Linux",
    OSVersion: "",
    OSType: "linux",
    Architecture: MACHINE[info.architecture] ?? info.architecture,
    IndexServerAddress: "",
    RegistryConfig: {
      AllowNondistributableArtifactsCIDRs: [],
      AllowNondistributableArtifactsHostnames: [],
      InsecureRegistryCIDRs: [],
      IndexConfigs: {},
      Mirrors: [],
    },
    NCPU: info.cpus,
    MemTotal: info.memory,
    GenericResources: null,
    DockerRootDir: info.root,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Name: hostname(),
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: info.version,
    Runtimes: { [info.runtime.name]: { path: info.runtime.path } },
    DefaultRuntime: info.runtime.name,
    Swarm: { NodeID: "", NodeAddr: "", LocalNodeState: "inactive", ControlAvailable: false, Error: "", RemoteManagers: null },
    LiveRestoreEnabled: false,
    Isolation: "",
    InitBinary: "",
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: info.runtime.version },
    InitCommit: { ID: "" },
    SecurityOptions: ["name=seccomp,profile=builtin"],
    CDISpecDirs: [],
    Warnings: info.warnings.length > 0 ? info.warnings : null,
  });
};

/** What `uname -m` says, as Docker does here. */
const MACHINE: Readonly<Record<string, string>> = { amd64: "x86_64", arm64: "aarch64" };

function counts(containers: readonly ContainerInfo[]) {
  const running = containers.filter(({ state }) => state.kind === "running");
  const paused = running.filter(({ state }) => state.kind === "running" && state.paused);
  return {
    Containers: containers.length,
    ContainersRunning: running.length - paused.length,
    ContainersPaused: paused.length,
    ContainersStopped: containers.length - running.length,
  };
}

function controllers(info: EngineInfo) {
  const has = (name: string) => info.cgroup.controllers.includes(name);
  return {
    MemoryLimit: has("memory"),
    SwapLimit: has("memory"),
    CpuCfsPeriod: has("cpu"),
    CpuCfsQuota: has("cpu"),
    CPUShares: has("cpu"),
    CPUSet: has("cpuset"),
    PidsLimit: has("pids"),
  };
}

export const INFO_ROUTES: readonly Route[] = [{ method: "GET", path: "/info", handle: getInfo }];
