import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RbuildError } from "../../../system/index.ts";
import { identifyProcess } from "../../../system/kernel/pidfd.ts";
import { BUNDLE, createMonitored } from "../../runtime/monitor/conmon.ts";
import { allDone } from "../all-done.ts";
import { bootId } from "../boot-id.ts";
import type { ContainerId } from "../container.ts";
import { type ContainerContext, publishContainer } from "../container-context.ts";
import { removeContainer } from "../remove.ts";
import { mountRootfs } from "../rootfs/mount-rootfs.ts";
import { exitsDirectory } from "../state/container-paths.ts";
import type { ContainerStatus, MountStub } from "../state/container-record.ts";
import type { StoredContainer } from "../state/container-store.ts";
import { watchEnd } from "../wait.ts";
import { abandonStart } from "./abandon-start.ts";
import { type PreparedProcess, prepareRootfs, writeBundle } from "./bundle.ts";
import { type NetworkPlan, planNetwork } from "./network-request.ts";
import { resolvConf } from "./resolv-conf.ts";

/**
 * Starts a container. False when it runs already. When it throws, nothing of the try is left, and one that is to be removed at its end is
 * removed: it will not come to another.
 */
export async function startContainer(context: ContainerContext, id: ContainerId, options: { readonly restarts?: number } = {}): Promise<boolean> {
  try {
    return await tryStart(context, id, options);
  } catch (error) {
    const stored = await context.store.read(id);
    if (stored?.record.spec.autoRemove && stored.status.phase.kind !== "removing") await removeContainer(context, id, { volumes: true });
    throw error;
  }
}

async function tryStart(context: ContainerContext, id: ContainerId, options: { readonly restarts?: number }): Promise<boolean> {
  await using _held = await context.store.lock(id);
  const stored = await context.store.get(id);
  switch (stored.status.phase.kind) {
    case "running":
      return false;
    case "removing":
      throw new RbuildError("container.removing", `the container ${stored.status.name} is being removed`, { category: "conflict" });
    case "created":
    case "exited":
    case "dead":
      break;
    default:
      stored.status.phase satisfies never;
  }
  const stubs: MountStub[] = [];
  try {
    await launch(context, stored, stubs, options.restarts ?? 0);
  } catch (error) {
    await abandonStart(context, stored, stubs);
    throw error;
  }
  return true;
}

async function launch(context: ContainerContext, stored: StoredContainer, stubs: MountStub[], restarts: number): Promise<void> {
  const { record, status } = stored;
  const { id } = record;
  const paths = context.store.paths(id);
  const [runtime, monitor] = [await context.runtime(), context.monitor()];
  const plan = await planNetwork(context, stored);
  mkdirSync(join(paths.bundle, BUNDLE.persistDirectory), { recursive: true, mode: 0o700 });
  rmSync(paths.exitFile, { force: true });
  const [setup, prepared] = await allDone([context.network.attach(plan.request), prepare(context, stored, plan, stubs)]);
  const assembled = await writeBundle(context, stored, { prepared, plan, setup, rootfs: paths.rootfs, configPath: join(paths.bundle, BUNDLE.config) });
  context.exits.expect(id);
  const { spec } = record;
  const started = await createMonitored(monitor, runtime, {
    containerId: id,
    bundle: paths.bundle,
    exitDirectory: exitsDirectory(context.store.roots),
    logPath: paths.log,
    tty: spec.tty ?? false,
    stdin: spec.openStdin ? (spec.stdinOnce ? "once" : "kept") : "none",
  });
  const process = identifyProcess(started.pid);
  if (process === undefined) throw new RbuildError("runtime.failed", `the container ${status.name} ended before it was started`, { details: { id } });
  const monitorProcess = identifyProcess(started.monitorPid);
  const now: ContainerStatus = {
    ...status,
    phase: { kind: "running", process, monitor: monitorProcess, startedAt: context.clock.now().toISOString(), paused: false, bootId: await bootId() },
    endpoints: setup.endpoints,
    publishedPorts: setup.ports,
    capabilities: assembled.capabilities,
    warnings: [...assembled.warnings, ...prepared.warnings, ...setup.warnings],
    stubs,
    stoppedByUser: false,
    restarts,
  };
  await allDone([context.pending.connect(id, paths.bundle), context.seccomp.keep(runtime, assembled.spec, id)]);
  await allDone([runtime.start(id), context.store.writeStatus(id, now)]);
  watchEnd(context, id, { process, monitor: monitorProcess });
  publishContainer(context, "start", record, now);
}

async function prepare(context: ContainerContext, stored: StoredContainer, plan: NetworkPlan, stubs: MountStub[]): Promise<PreparedProcess> {
  const { record } = stored;
  const isHostNetwork = plan.request.attachments[0]?.network === "host";
  const [, text] = await Promise.all([mountRootfs(context, record.id), resolvConf(record.spec, isHostNetwork ? "host" : "namespace")]);
  if (!plan.sharedWith) writeFileSync(context.store.paths(record.id).resolvConf, text);
  return prepareRootfs(context, stored, plan, stubs);
}
