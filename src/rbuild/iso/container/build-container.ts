import type Docker from "dockerode";
import { buildLabels } from "../../container-host/labels.ts";
import { type Capability, needsUnconfined } from "../config/capabilities.ts";
import type { ProxyReach } from "../proxy/start-proxy.ts";
import { CONTAINER } from "./paths.ts";
import type { SourceMounts } from "./source-mounts.ts";

export interface ContainerPlan {
  readonly buildId: string;
  readonly role: "build" | "probe" | "hand-over" | "shell";
  readonly tree: string;
  readonly stateDirectory: string;
  readonly imageId: string;
  readonly command: readonly string[];
  /** `KEY=value`. */
  readonly environment: readonly string[];
  readonly source: SourceMounts;
  /** Host directory behind /output. */
  readonly output?: string;
  readonly capabilities: readonly Capability[];
  readonly devices: readonly string[];
  readonly network: "bridge" | "none";
  /** How it gets to the package proxy. In the proxy's own network it has the proxy's host name, too. */
  readonly proxy?: ProxyReach;
  /** Bytes; scratch is a tmpfs of this size. */
  readonly scratchMemory?: number;
  /** Bytes. */
  readonly memory?: number;
}

/** What the container host is asked for. Never privileged: every capability and device is named. */
export function containerOptions(plan: ContainerPlan): Docker.ContainerCreateOptions {
  const [entrypoint = "", ...command] = plan.command;
  return {
    name: `rbuild-${plan.buildId}-${plan.role}`,
    Image: plan.imageId,
    ...(plan.proxy?.kind === "shared" ? {} : { Hostname: CONTAINER.hostname }),
    Entrypoint: [entrypoint],
    Cmd: command,
    Env: [...plan.environment],
    WorkingDir: CONTAINER.source,
    User: "0:0",
    Labels: buildLabels(plan),
    HostConfig: {
      CapDrop: ["ALL"],
      CapAdd: [...plan.capabilities],
      SecurityOpt: needsUnconfined(plan.capabilities) ? ["seccomp=unconfined", "apparmor=unconfined"] : [],
      NetworkMode: plan.proxy?.kind === "shared" ? `container:${plan.proxy.container}` : plan.network,
      Mounts: mounts(plan),
      ...(plan.proxy?.kind === "link" ? { Links: [`${plan.proxy.container}:${plan.proxy.alias}`] } : {}),
      ...(plan.scratchMemory === undefined ? {} : { Tmpfs: { [CONTAINER.scratch]: `rw,exec,suid,dev,size=${plan.scratchMemory},mode=755` } }),
      ...(plan.memory === undefined ? {} : { Memory: plan.memory, MemorySwap: plan.memory }),
      ...deviceOptions(plan.devices),
    },
  };
}

function mounts({ source, output }: ContainerPlan): Docker.MountSettings[] {
  const bind = (from: string, to: string, readOnly: boolean): Docker.MountSettings => ({ Type: "bind", Source: from, Target: to, ReadOnly: readOnly });
  return [
    bind(source.directory, CONTAINER.source, true),
    ...source.mounts.map((path) => bind(`${source.directory}/${path}`, `${CONTAINER.source}/${path}`, true)),
    ...source.masks.map(({ path, empty }) => bind(empty, `${CONTAINER.source}/${path}`, true)),
    ...(output === undefined ? [] : [bind(output, CONTAINER.output, false)]),
  ];
}

/** `loop` stands for the rules that let a build make and use loop devices. */
function deviceOptions(devices: readonly string[]): Pick<Docker.HostConfig, "Devices" | "DeviceCgroupRules"> {
  const files = devices.filter((device) => device !== "loop");
  return {
    ...(files.length > 0 ? { Devices: files.map((path) => ({ PathOnHost: path, PathInContainer: path, CgroupPermissions: "rwm" })) } : {}),
    ...(devices.includes("loop") ? { DeviceCgroupRules: ["b 7:* rwm", "c 10:237 rwm"] } : {}),
  };
}
