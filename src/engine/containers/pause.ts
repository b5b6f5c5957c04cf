import { isRbuildError, RbuildError } from "../../system/index.ts";
import type { ContainerId } from "./container.ts";
import { type ContainerContext, publishContainer } from "./container-context.ts";
import { requireRunning } from "./stop.ts";

/** Freezes or thaws all processes. @throws RbuildError `container.not-running`, `container.paused`, `container.not-paused`, `container.no-freezer` */
export async function setPaused(context: ContainerContext, id: ContainerId, paused: boolean): Promise<void> {
  await using _held = await context.store.lock(id);
  const { stored, phase } = await requireRunning(context, id);
  if (phase.paused === paused) {
    throw new RbuildError(paused ? "container.paused" : "container.not-paused", `the container ${stored.status.name} is ${paused ? "already" : "not"} paused`, {
      category: "conflict",
      details: { id },
    });
  }
  if (!context.host.cgroups.controllers.includes("freezer")) {
    throw new RbuildError("container.no-freezer", "this host cannot pause containers: it has no freezer controller", {
      category: "unavailable",
      hint: "rbuild doctor",
    });
  }
  const runtime = await context.runtime();
  const note = (isPaused: boolean) => context.store.writeStatus(id, { ...stored.status, phase: { ...phase, paused: isPaused } });
  // noted before it is frozen and after it is thawed: what a kill leaves in between can be thawed again
  await note(true);
  try {
    await (paused ? runtime.pause(id) : runtime.resume(id).catch(ignoreThawed));
    if (!paused) await note(false);
  } catch (error) {
    if (paused) await note(false);
    throw error;
  }
  publishContainer(context, paused ? "pause" : "unpause", stored.record, stored.status);
}

/** As runc and crun say it. */
function ignoreThawed(error: unknown): void {
  if (!isRbuildError(error, "runtime.failed") || !/not paused/.test(error.message)) throw error;
}

/** Runs `work` while nothing in the container moves, if it runs; where it cannot be paused, the container goes on. */
export async function whilePaused<T>(context: ContainerContext, id: ContainerId, work: () => Promise<T>): Promise<T> {
  const { status } = await context.store.get(id);
  const canPause = status.phase.kind === "running" && !status.phase.paused && context.host.cgroups.controllers.includes("freezer");
  if (!canPause) return await work();
  await setPaused(context, id, true);
  try {
    return await work();
  } finally {
    await setPaused(context, id, false);
  }
}
