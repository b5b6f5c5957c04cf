import { existsSync, writeFileSync } from "node:fs";
import { openPath } from "../../../system/kernel/open-in-root.ts";
import type { NetworkSetup } from "../../networks/network-stack.ts";
import { findProgram } from "../../runtime/find-program.ts";
import { type AssembledSpec, assembleSpec } from "../../runtime/spec/assemble.ts";
import { defaultMounts } from "../../runtime/spec/default-mounts.ts";
import { type SpecMount, serializeSpec } from "../../runtime/spec/runtime-spec.ts";
import { bindMount, resolvedMount, tmpfsMount } from "../../runtime/spec/user-mounts.ts";
import type { ContainerContext } from "../container-context.ts";
import { mergeEnvironment } from "../create/process-defaults.ts";
import { linkEnvironment } from "../links.ts";
import { makeDirectories } from "../rootfs/make-directories.ts";
import { makeMountStubs } from "../rootfs/mount-stubs.ts";
import { resolveUser } from "../rootfs/resolve-user.ts";
import type { ContainerRecord, MountStub } from "../state/container-record.ts";
import type { StoredContainer } from "../state/container-store.ts";
import type { NetworkPlan } from "./network-request.ts";

const INIT_TARGET = "/sbin/docker-init";
/** Static ones: they run in any image. */
const INIT_PROGRAMS = ["docker-init", "tini-static", "catatonit"];

export interface PreparedProcess {
  readonly mounts: readonly SpecMount[];
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[]; readonly home: string };
  readonly init: boolean;
  readonly warnings: readonly string[];
}

/** The part of a start that needs the mounted root file system and not the network. What is made to be mounted on is added to `stubs`. */
export function prepareRootfs(context: ContainerContext, { record }: StoredContainer, plan: NetworkPlan, stubs: MountStub[]): PreparedProcess {
  using root = openPath(context.store.paths(record.id).rootfs);
  const { spec } = record;
  const user = resolveUser(root, record.process.user, spec.groupAdd);
  const init = spec.init ? INIT_PROGRAMS.map(findProgram).find((path) => path !== undefined) : undefined;
  const mounts = [...ownFiles(context, record, plan), ...userMounts(record), ...(init ? [bindMount(init, INIT_TARGET, { readOnly: true })] : [])];
  const kernel = defaultMounts({ privileged: false, cgroups: context.host.cgroups.hierarchy !== "none" });
  makeMountStubs(root, [...kernel, ...mounts], stubs);
  if (!isCovered(record.process.cwd, mounts)) makeDirectories(root, record.process.cwd)[Symbol.dispose]();
  return {
    mounts,
    user,
    init: init !== undefined,
    warnings: spec.init && !init ? [`no init is installed on this host (${INIT_PROGRAMS.join(", ")}): the command runs as process 1`] : [],
  };
}

/** Writes the runtime's `config.json`. */
export async function writeBundle(
  context: ContainerContext,
  { record, status }: StoredContainer,
  parts: { readonly prepared: PreparedProcess; readonly plan: NetworkPlan; readonly setup: NetworkSetup; readonly rootfs: string; readonly configPath: string },
): Promise<AssembledSpec> {
  const { spec, process } = record;
  const { prepared, setup, plan } = parts;
  const env = mergeEnvironment([`HOME=${prepared.user.home}`, ...linkEnvironment(status.name, plan.links)], process.env);
  const isHostNetwork = setup.namespace.kind === "host";
  const assembled = assembleSpec(
    {
      rootfs: parts.rootfs,
      process: {
        args: prepared.init ? [INIT_TARGET, "--", ...process.args] : process.args,
        env,
        cwd: process.cwd,
        user: { uid: prepared.user.uid, gid: prepared.user.gid, additionalGids: prepared.user.additionalGids },
        tty: spec.tty ?? false,
      },
      hostname: plan.sharedWith?.record.hostname ?? record.hostname,
      mounts: prepared.mounts,
      network: setup.namespace,
      resources: spec.resources ?? {},
      security: spec.security ?? {},
      ...(spec.shmSize === undefined ? {} : { shmSize: spec.shmSize }),
      sysctls: { ...(isHostNetwork ? {} : { "net.ipv4.ip_unprivileged_port_start": "0" }), ...spec.sysctls },
      cgroupsPath: `/rbuild/${record.id}`,
    },
    context.host,
  );
  writeFileSync(parts.configPath, serializeSpec(await context.seccomp.withFilter(await context.runtime(), assembled.spec)), { mode: 0o600 });
  return assembled;
}

/** The files that the engine writes for a container, unless the caller mounts his own there. */
function ownFiles(context: ContainerContext, record: ContainerRecord, { sharedWith }: NetworkPlan): SpecMount[] {
  const paths = context.store.paths(sharedWith?.record.id ?? record.id);
  const taken = new Set(record.mounts.map(({ target }) => target));
  return [
    { source: paths.resolvConf, target: "/etc/resolv.conf" },
    { source: paths.hostname, target: "/etc/hostname" },
    { source: paths.hosts, target: "/etc/hosts" },
  ]
    .filter(({ source, target }) => !taken.has(target) && existsSync(source))
    .map(({ source, target }) => bindMount(source, target));
}

function userMounts(record: ContainerRecord): SpecMount[] {
  return record.mounts.map((mount) => {
    const tmpfs = record.spec.mounts?.find((asked) => asked.kind === "tmpfs" && mount.kind === "tmpfs" && asked.target === mount.target);
    return tmpfs?.kind === "tmpfs" ? tmpfsMount(tmpfs) : resolvedMount(mount);
  });
}

const isCovered = (path: string, mounts: readonly SpecMount[]): boolean =>
  mounts.some(({ destination }) => path === destination || path.startsWith(`${destination}/`));
