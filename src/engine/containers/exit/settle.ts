import { rmSync } from "node:fs";
import { join } from "node:path";
import { openPath } from "../../../system/kernel/open-in-root.ts";
import { isProcessAlive } from "../../../system/kernel/pidfd.ts";
import { BUNDLE } from "../../runtime/monitor/conmon.ts";
import { bootId } from "../boot-id.ts";
import type { ContainerId, ExitStatus } from "../container.ts";
import { type ContainerContext, publishContainer } from "../container-context.ts";
import { isMounted } from "../rootfs/mount-rootfs.ts";
import { removeMountStubs } from "../rootfs/mount-stubs.ts";
import type { ContainerPhase, ContainerStatus } from "../state/container-record.ts";
import type { StoredContainer } from "../state/container-store.ts";
import { removeContainerCgroups } from "./container-cgroups.ts";
import { readExitStatus } from "./exit-status.ts";

/**
 * Takes note of a container's end: records why, tells who waits, gives back its network and the runtime's state. Any engine may find the end;
 * the first one does it. False while the container runs.
 */
export async function settleEnd(context: ContainerContext, id: ContainerId): Promise<boolean> {
  await using _held = await context.store.lock(id);
  const stored = await context.store.read(id);
  if (stored === undefined) {
    context.notices.tell(id, { kind: "removed" });
    return true;
  }
  const { phase } = stored.status;
  if (phase.kind !== "running") return true;
  // asked first: a monitor writes the exit code before it ends
  const mayWrite = await isRunning(phase);
  const exit = await readExitStatus(context.store.paths(id));
  if (exit === undefined && mayWrite) return false;
  await settle(context, stored, phase, exit);
  return true;
}

async function isRunning(phase: Extract<ContainerPhase, { kind: "running" }>): Promise<boolean> {
  if (phase.bootId !== (await bootId())) return false;
  return isProcessAlive(phase.process) || (phase.monitor !== undefined && isProcessAlive(phase.monitor));
}

async function settle(
  context: ContainerContext,
  stored: StoredContainer,
  phase: Extract<ContainerPhase, { kind: "running" }>,
  exit: ExitStatus | undefined,
): Promise<void> {
  const { record, status } = stored;
  const { id } = record;
  const paths = context.store.paths(id);
  if (isMounted(paths.rootfs)) {
    using root = openPath(paths.rootfs);
    removeMountStubs(root, status.stubs);
  }
  const finishedAt = context.clock.now().toISOString();
  const ended: ContainerStatus = {
    ...status,
    phase: exit
      ? { kind: "exited", exit, startedAt: phase.startedAt, finishedAt }
      : { kind: "dead", reason: "its monitor vanished without an exit code", finishedAt },
    endpoints: [],
    publishedPorts: [],
    stubs: [],
  };
  await context.store.writeStatus(id, ended);
  context.notices.tell(id, { kind: "ended", exit: exit ?? UNKNOWN_EXIT });
  if (exit?.kind === "out-of-memory") publishContainer(context, "oom", record, status);
  publishContainer(context, "die", record, status, { exitCode: String((exit ?? UNKNOWN_EXIT).code) });
  await Promise.all([forgetRuntime(context, id), context.network.detach(id)]);
  for (const path of [join(paths.bundle, BUNDLE.config), paths.exitFile]) rmSync(path, { force: true });
}

/** What Docker says of a process whose end nobody has seen. */
export const UNKNOWN_EXIT: ExitStatus = { kind: "signaled", signal: 9, code: 137 };

async function forgetRuntime(context: ContainerContext, id: ContainerId): Promise<void> {
  const runtime = await context.runtime();
  // something that the first process left behind, where the host has no pid namespaces or cgroups to end it: the program's work
  if (!(await removeContainerCgroups(context.host.cgroups, id))) await runtime.delete(id);
  await runtime.forget(id);
}
