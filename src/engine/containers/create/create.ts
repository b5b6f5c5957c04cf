import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";

import type { ContainerDefaults } from "../../../oci/index.ts";
import { isRbuildError } from "../../../system/index.ts";
import { assembleSpec } from "../../runtime/spec/assemble.ts";
import { snapshotKey } from "../../snapshots/snapshotter.ts";
import { takeLease } from "../../store/lease.ts";
import { allDone } from "../all-done.ts";
import type { ContainerId, ContainerInfo, ContainerSpec } from "../container.ts";
import { type ContainerContext, publishContainer } from "../container-context.ts";
import { containerInfo } from "../inspect.ts";
import { removeRemains } from "../remove.ts";
import { mountRootfs } from "../rootfs/mount-rootfs.ts";
import { parseSignal } from "../signals.ts";
import { type ContainerRecord, type ContainerStatus, RECORD_VERSION } from "../state/container-record.ts";
import { randomContainerName } from "./container-name.ts";
import { copyUp } from "./copy-up.ts";
import { resolveExposedPorts } from "./exposed-ports.ts";
import { resolveProcess } from "./process-defaults.ts";
import { type ResolvedMounts, resolveMounts } from "./resolve-mounts.ts";

const SHORT_ID = 12;

/** Makes a container that has not started: its record, its writable snapshot, its volumes. All or nothing. */
export async function createContainer(context: ContainerContext, spec: ContainerSpec): Promise<ContainerInfo> {
  await using _lease = await takeLease(context.root);
  const image = await context.images.get(spec.image);
  const defaults = image.config.config ?? {};
  const id = randomBytes(32).toString("hex") as ContainerId;
  const { hostname, process, stopSignal, checked } = check(context, spec, defaults, await chooseHostname(context, spec, id));
  const parent = await context.images.unpack(image);
  const mounts = await resolveMounts(spec, Object.keys(defaults.Volumes ?? {}), context.volumes);
  const record: ContainerRecord = {
    version: RECORD_VERSION,
    id,
    createdAt: context.clock.now().toISOString(),
    owner: context.owner,
    runRoot: context.runRoot,
    imageId: image.id,
    spec,
    process,
    hostname,
    stopSignal,
    mounts: mounts.mounts,
    anonymousVolumes: mounts.anonymousVolumes,
    exposedPorts: resolveExposedPorts(spec, defaults),
  };
  const status: ContainerStatus = {
    name: spec.name?.replace(/^\//, "") ?? randomContainerName(0),
    phase: { kind: "created" },
    endpoints: [],
    publishedPorts: [],
    capabilities: checked.capabilities,
    warnings: checked.warnings,
    stubs: [],
    stoppedByUser: false,
    restarts: 0,
  };
  try {
    await context.store.add(record, status);
    const paths = context.store.paths(id);
    writeFileSync(paths.hosts, "");
    writeFileSync(paths.hostname, `${hostname}\n`);
    const [named] = await allDone([claimName(context, id, status, spec.name !== undefined), context.snapshots.prepare(snapshotKey(id), parent)]);
    await fillVolumes(context, record, mounts);
    publishContainer(context, "create", record, named);
    return containerInfo(context, { record, status: named });
  } catch (error) {
    await removeRemains(context, { record, status }, { volumes: true });
    throw error;
  }
}

/** A container in the network of another one has its name too, unless it is given its own. */
async function chooseHostname(context: ContainerContext, spec: ContainerSpec, id: ContainerId): Promise<string> {
  const [, other] = /^container:(.+)$/.exec(spec.networks?.[0]?.network ?? "") ?? [];
  if (spec.hostname !== undefined || other === undefined) return spec.hostname ?? id.slice(0, SHORT_ID);
  return (await context.store.get(await context.store.resolve(other))).record.hostname;
}

/** Everything that can be known to be wrong before anything is made. */
function check(context: ContainerContext, spec: ContainerSpec, defaults: ContainerDefaults, hostname: string) {
  const process = resolveProcess(spec, defaults, hostname);
  const stopSignal = spec.stopSignal ?? defaults.StopSignal ?? "SIGTERM";
  parseSignal(stopSignal);
  const isHostNetwork = spec.networks?.[0]?.network === "host";
  const checked = assembleSpec(
    {
      rootfs: "/",
      process: { args: process.args, env: [], cwd: process.cwd, user: { uid: 0, gid: 0, additionalGids: [] }, tty: spec.tty ?? false },
      mounts: [],
      network: isHostNetwork ? { kind: "host" } : { kind: "namespace", path: "" },
      resources: spec.resources ?? {},
      security: spec.security ?? {},
      sysctls: spec.sysctls ?? {},
      cgroupsPath: "",
    },
    context.host,
  );
  return { hostname, process, stopSignal, checked };
}

async function claimName(context: ContainerContext, id: ContainerId, status: ContainerStatus, isGiven: boolean): Promise<ContainerStatus> {
  for (let attempt = 0; ; attempt++) {
    const name = attempt === 0 ? status.name : randomContainerName(attempt);
    try {
      await context.store.names.claim(name, id);
      if (attempt === 0) return status;
      await context.store.writeStatus(id, { ...status, name });
      return { ...status, name };
    } catch (error) {
      if (isGiven || attempt > 20 || !isRbuildError(error, "container.name-in-use")) throw error;
    }
  }
}

async function fillVolumes(context: ContainerContext, record: ContainerRecord, mounts: ResolvedMounts): Promise<void> {
  const volumes = mounts.mounts.filter(({ kind }) => kind === "volume");
  // again, now that the record keeps them: one may have been removed in between
  for (const { volumeName } of volumes) if (volumeName !== undefined) await context.volumes.create({ name: volumeName });
  const filled = volumes.filter(({ target }) => mounts.copyTargets.has(target));
  if (filled.length === 0) return;
  const { rootfs } = context.store.paths(record.id);
  await mountRootfs(context, record.id);
  for (const { target, source } of filled) {
    await copyUp({ rootfs, target, destination: source });
  }
}
