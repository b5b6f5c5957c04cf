import type { ContainerResources, ContainerSecurity } from "../../containers/container.ts";
import type { HostFacts } from "../host/host-facts.ts";
import { capabilitySets, resolveCapabilities } from "./capabilities.ts";
import { defaultMounts } from "./default-mounts.ts";
import { allHostDevices, requestedDevices } from "./devices.ts";
import { resolveMasks } from "./masked-paths.ts";
import { type NetworkNamespace, namespaces } from "./namespaces.ts";
import { resolveResources } from "./resources.ts";
import { resolveRlimits } from "./rlimits.ts";
import type { RuntimeSpec, SpecMount, SpecUser } from "./runtime-spec.ts";
import { resolveSeccomp } from "./seccomp/seccomp.ts";
import { checkSysctls } from "./sysctls.ts";
import { inMountingOrder } from "./user-mounts.ts";

/** What the sections of a runtime-spec are made from. */
export interface SpecRequest {
  readonly rootfs: string;
  readonly process: { readonly args: readonly string[]; readonly env: readonly string[]; readonly cwd: string; readonly user: SpecUser; readonly tty: boolean };
  readonly hostname?: string;
  readonly mounts: readonly SpecMount[];
  readonly network: NetworkNamespace;
  readonly resources: ContainerResources;
  readonly security: ContainerSecurity;
  readonly shmSize?: number;
  readonly sysctls: Readonly<Record<string, string>>;
  /** Below each hierarchy's root. */
  readonly cgroupsPath: string;
}

export interface AssembledSpec {
  readonly spec: RuntimeSpec;
  /** Granted, without `CAP_`. */
  readonly capabilities: readonly string[];
  /** What the host could not give. */
  readonly warnings: readonly string[];
}

/** Puts the sections together, each cut to what the host can give. */
export function assembleSpec(request: SpecRequest, host: HostFacts): AssembledSpec {
  const { security, process, network } = request;
  const privileged = security.privileged ?? false;
  const capabilities = resolveCapabilities(security, host.capabilities);
  const rlimits = resolveRlimits(request.resources.ulimits ?? [], host.limits);
  const asked = requestedDevices(request.resources.devices ?? []);
  const devices = privileged ? allHostDevices() : { devices: [], rules: [] };
  const resources = resolveResources(request.resources, host.cgroups, [...devices.rules, ...asked.rules]);
  const seccomp = privileged
    ? undefined
    : resolveSeccomp(security.seccomp ?? "default", { capabilities: capabilities.granted, architecture: host.architecture, kernel: host.kernel });
  const hasCgroups = host.cgroups.hierarchy !== "none";
  return {
    capabilities: capabilities.granted,
    warnings: [...capabilities.warnings, ...rlimits.warnings, ...resources.warnings],
    spec: {
      ociVersion: "1.0.2",
      process: {
        terminal: process.tty,
        user: process.user,
        args: process.args,
        env: process.env,
        cwd: process.cwd,
        capabilities: capabilitySets(capabilities.granted, process.user.uid),
        rlimits: rlimits.rlimits,
        noNewPrivileges: security.noNewPrivileges ?? false,
      },
      root: { path: request.rootfs, readonly: security.readOnlyRootfs ?? false },
      ...(request.hostname === undefined ? {} : { hostname: request.hostname }),
      mounts: mountList(request, privileged, hasCgroups),
      linux: {
        namespaces: namespaces(network, { cgroup: host.cgroups.hierarchy === "v2" && !privileged }),
        devices: uniqueByPath([...asked.devices, ...devices.devices]),
        resources: resources.resources,
        ...(hasCgroups ? { cgroupsPath: request.cgroupsPath } : {}),
        ...(seccomp === undefined ? {} : { seccomp }),
        sysctl: checkSysctls(request.sysctls, network.kind),
        ...resolveMasks(security),
        ...rootPropagation(request.mounts),
      },
    },
  };
}

/** A mount can pass mounts on, or take them, only where the root does. */
function rootPropagation(mounts: readonly SpecMount[]): { rootfsPropagation?: string } {
  const has = (...options: string[]) => mounts.some((mount) => mount.options.some((option) => options.includes(option)));
  return has("shared", "rshared") ? { rootfsPropagation: "shared" } : has("slave", "rslave") ? { rootfsPropagation: "slave" } : {};
}

/** The kernel's file systems, and what the container asked for in their place or inside them. */
function mountList(request: SpecRequest, privileged: boolean, cgroups: boolean): SpecMount[] {
  const replaced = new Set(request.mounts.map(({ destination }) => destination));
  const kernel = defaultMounts({ privileged, cgroups, ...(request.shmSize === undefined ? {} : { shmSize: request.shmSize }) });
  return [...kernel.filter(({ destination }) => !replaced.has(destination)), ...inMountingOrder(request.mounts)];
}

function uniqueByPath<T extends { readonly path: string }>(devices: readonly T[]): T[] {
  return [...new Map(devices.toReversed().map((device) => [device.path, device])).values()].toReversed();
}
