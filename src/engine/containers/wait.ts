import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerId, ExitStatus } from "./container.ts";
import type { ContainerContext } from "./container-context.ts";
import { UNKNOWN_EXIT } from "./exit/settle.ts";

/** How often a container that another process looks after is looked at. Milliseconds. */
const LOOK_INTERVAL = 250;

const NEVER_RAN: ExitStatus = { kind: "exited", code: 0 };

export type WaitCondition = "not-running" | "next-exit" | "removed";

/** Resolves when the condition holds. The exit status of a container that is removed without having run is 0. */
export async function waitContainer(context: ContainerContext, id: ContainerId, condition: WaitCondition, signal?: AbortSignal): Promise<ExitStatus> {
  signal?.throwIfAborted();
  let lastExit = NEVER_RAN;
  const { promise, resolve, reject } = Promise.withResolvers<ExitStatus>();
  // it may be rejected before it is waited for
  promise.catch(() => undefined);
  using _subscription = context.notices.subscribe(id, (notice) => {
    if (notice.kind === "ended") lastExit = notice.exit;
    if (notice.kind === "removed" || condition !== "removed") resolve(lastExit);
  });
  const stop = new AbortController();
  const abort = () => reject(signal?.reason as Error);
  signal?.addEventListener("abort", abort, { once: true });
  try {
    let effective = condition;
    const look = async () => {
      const { exit, isRunning, isGone, ended } = await conditionMet(context, id, effective);
      if (ended) lastExit = ended;
      if (isGone) resolve(lastExit);
      if (exit) resolve(exit);
      // once it was seen running, an end that another process has taken note of is the next one
      if (isRunning && condition === "next-exit") effective = "not-running";
    };
    await look();
    lookAgain(look, stop.signal).catch(reject);
    return await promise;
  } finally {
    stop.abort();
    signal?.removeEventListener("abort", abort);
  }
}

/** Keeps the process alive while somebody waits, and sees what other processes do. */
async function lookAgain(look: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sleep(LOOK_INTERVAL, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await look();
  }
}

async function conditionMet(
  context: ContainerContext,
  id: ContainerId,
  condition: WaitCondition,
): Promise<{ readonly exit?: ExitStatus; readonly ended?: ExitStatus; readonly isRunning?: boolean; readonly isGone?: boolean }> {
  const stored = await context.store.read(id);
  // the exit status went with the record; whoever waits may have seen it before
  if (stored === undefined) return { isGone: true };
  const { phase } = stored.status;
  if (phase.kind === "running") {
    watchEnd(context, id, phase);
    return { isRunning: true };
  }
  if (condition !== "not-running") return phase.kind === "exited" ? { ended: phase.exit } : {};
  return { exit: phase.kind === "exited" ? phase.exit : phase.kind === "dead" ? UNKNOWN_EXIT : NEVER_RAN };
}

/** Looks out for the end of a container that somebody else has started. */
export function watchEnd(
  context: ContainerContext,
  id: ContainerId,
  phase: Pick<Parameters<ContainerContext["exits"]["watch"]>[1], "process" | "monitor">,
): void {
  if (context.exits.isWatching(id)) return;
  context.exits.watch(id, { process: phase.process, monitor: phase.monitor, onEnd: () => void context.onEnd(id) });
}
