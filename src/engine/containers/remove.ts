import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isRbuildError, RbuildError, removeTree } from "../../system/index.ts";
import { BUNDLE } from "../runtime/monitor/conmon.ts";
import { snapshotKey } from "../snapshots/snapshotter.ts";
import type { ContainerId } from "./container.ts";
import { type ContainerContext, publishContainer } from "./container-context.ts";
import { endProcesses } from "./exit/end-processes.ts";
import { unmountRootfs } from "./rootfs/mount-rootfs.ts";
import type { StoredContainer } from "./state/container-store.ts";
import { killContainer } from "./stop.ts";

export interface RemoveOptions {
  readonly force?: boolean;
  /** Its anonymous volumes too. */
  readonly volumes?: boolean;
}

/** @throws RbuildError `container.running`, `container.not-found` */
export async function removeContainer(context: ContainerContext, id: ContainerId, options: RemoveOptions = {}): Promise<void> {
  if (options.force && (await context.store.get(id)).status.phase.kind === "running") await killContainer(context, id).catch(ignoreEnded);
  await using _held = await context.store.lock(id);
  const stored = await context.store.get(id);
  if (stored.status.phase.kind === "running" && !options.force) {
    throw new RbuildError("container.running", `the container ${stored.status.name} runs`, {
      category: "conflict",
      hint: "stop it first, or remove it by force",
      details: { id },
    });
  }
  await removeRemains(context, stored, options);
  publishContainer(context, "destroy", stored.record, stored.status);
}

/**
 * Removes all there is of a container, whatever state it or a crash has left it in; its record goes last, so that an interrupted removal is
 * found and ended by the next engine. Idempotent. The caller holds the container's lock or is the only one who knows it.
 */
export async function removeRemains(
  context: ContainerContext,
  { record, status }: StoredContainer,
  options: { readonly volumes?: boolean } = {},
): Promise<void> {
  const { id } = record;
  const paths = context.store.paths(id);
  await context.store.writeStatus(id, { ...status, phase: { kind: "removing" } }).catch(ignoreMissing);
  context.exits.forget(id);
  context.pending.end(id);
  // there as long as the runtime and the network may know the container
  if (existsSync(join(paths.bundle, BUNDLE.config))) {
    await endProcesses(context, id);
    await context.network.detach(id);
  }
  await unmountRootfs(context, id);
  const key = snapshotKey(id);
  const removeSnapshot = async () => {
    if (await context.snapshots.stat(key)) await context.snapshots.remove(key);
  };
  rmSync(paths.exitFile, { force: true });
  await Promise.all([removeSnapshot(), context.store.names.release(status.name, id), removeTree(paths.bundle)]);
  await context.store.drop(id);
  if (options.volumes) for (const name of record.anonymousVolumes) await context.volumes.remove(name, { force: true }).catch(ignoreInUse);
  context.execs.forgetContainer(id);
  context.notices.tell(id, { kind: "removed" });
}

/** Removes what processes, mounts and the run root still have of a container whose record is gone, as it is when somebody removed the engine's root. */
export async function removeTraces(context: ContainerContext, id: ContainerId): Promise<void> {
  const paths = context.store.paths(id);
  await endProcesses(context, id);
  await context.network.detach(id);
  await unmountRootfs(context, id);
  rmSync(paths.exitFile, { force: true });
  await removeTree(paths.bundle);
}

/** It ended by itself meanwhile; or it does not end, which `removeRemains` has stronger means against. */
function ignoreEnded(error: unknown): void {
  const isTimeout = error instanceof DOMException && error.name === "TimeoutError";
  if (!isTimeout && !isRbuildError(error, "container.not-running")) throw error;
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

/** Another container has come to use an anonymous volume. */
function ignoreInUse(error: unknown): void {
  if (!isRbuildError(error, "volume.in-use")) throw error;
}
