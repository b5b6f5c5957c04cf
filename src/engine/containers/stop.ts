import { constants } from "node:os";
import { RbuildError } from "../../system/index.ts";
import { signalProcess } from "../../system/kernel/pidfd.ts";
import type { ContainerId } from "./container.ts";
import { type ContainerContext, publishContainer, updateStatus } from "./container-context.ts";
import { settleEnd } from "./exit/settle.ts";
import { parseSignal } from "./signals.ts";
import type { ContainerPhase } from "./state/container-record.ts";
import type { StoredContainer } from "./state/container-store.ts";
import { waitContainer } from "./wait.ts";

const DEFAULT_STOP_TIMEOUT_SECONDS = 10;
/** After SIGKILL; longer only when the kernel itself hangs. */
const KILL_TIMEOUT_MS = 30_000;
const { SIGKILL, SIGSTOP, SIGCONT } = constants.signals;

type Running = Extract<ContainerPhase, { kind: "running" }>;

/** @throws RbuildError `container.not-running` */
export async function requireRunning(context: ContainerContext, id: ContainerId): Promise<{ readonly stored: StoredContainer; readonly phase: Running }> {
  const stored = await context.store.get(id);
  const { phase } = stored.status;
  if (phase.kind === "running") return { stored, phase };
  throw new RbuildError("container.not-running", `the container ${stored.status.name} is not running`, {
    category: "conflict",
    hint: "start it first",
    details: { id, state: phase.kind },
  });
}

/** Sends a signal to the first process. @throws RbuildError `container.not-running`, `container.unknown-signal` */
export async function killContainer(context: ContainerContext, id: ContainerId, signal: string | number = SIGKILL): Promise<void> {
  const number = parseSignal(signal);
  const { stored, phase } = await requireRunning(context, id);
  // first: its end may be seen before the signal is known to have gone out
  if (number !== SIGSTOP && number !== SIGCONT && isEnding(number, stored.record.stopSignal)) await markStopped(context, id);
  if (!signalProcess(phase.process, number)) return;
  publishContainer(context, "kill", stored.record, stored.status, { signal: String(number) });
  if (number === SIGKILL) await endOf(context, id, phase);
}

/** Its stop signal, then SIGKILL after `timeout` seconds; -1 waits for ever. False when it was not running. */
export async function stopContainer(context: ContainerContext, id: ContainerId, options: { readonly timeout?: number } = {}): Promise<boolean> {
  const stored = await context.store.get(id);
  const { phase } = stored.status;
  if (phase.kind !== "running") return false;
  await markStopped(context, id);
  const timeout = options.timeout ?? stored.record.spec.stopTimeout ?? DEFAULT_STOP_TIMEOUT_SECONDS;
  if (phase.paused) await (await context.runtime()).resume(id);
  const number = parseSignal(stored.record.stopSignal);
  publishContainer(context, "kill", stored.record, stored.status, { signal: String(number) });
  signalProcess(phase.process, number);
  const waiting = timeout < 0 ? undefined : AbortSignal.timeout(timeout * 1000);
  try {
    await waitContainer(context, id, "not-running", waiting);
    await settleEnd(context, id);
  } catch (error) {
    if (!waiting?.aborted) throw error;
    publishContainer(context, "kill", stored.record, stored.status, { signal: String(SIGKILL) });
    signalProcess(phase.process, SIGKILL);
    await endOf(context, id, phase);
  }
  publishContainer(context, "stop", stored.record, stored.status);
  return true;
}

/** Waits until the end of a killed container is taken note of, and what it had is given back. */
async function endOf(context: ContainerContext, id: ContainerId, phase: Running): Promise<void> {
  if (phase.paused) await (await context.runtime()).resume(id).catch(() => undefined);
  await waitContainer(context, id, "not-running", AbortSignal.timeout(KILL_TIMEOUT_MS));
  await settleEnd(context, id);
}

const isEnding = (signal: number, stopSignal: string): boolean => signal === SIGKILL || signal === parseSignal(stopSignal);

/** No restart policy brings the container back. */
async function markStopped(context: ContainerContext, id: ContainerId): Promise<void> {
  await using _held = await context.store.lock(id);
  if (await context.store.read(id)) await updateStatus(context, id, (status) => ({ ...status, stoppedByUser: true }));
}
