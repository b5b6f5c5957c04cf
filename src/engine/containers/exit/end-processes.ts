import { setTimeout as sleep } from "node:timers/promises";
import { isProcessAlive, type ProcessIdentity, signalProcess } from "../../../system/kernel/pidfd.ts";
import type { ContainerId } from "../container.ts";
import type { ContainerContext } from "../container-context.ts";
import { removeContainerCgroups } from "./container-cgroups.ts";
import { findContainerProcesses } from "./find-processes.ts";

const SIGKILL = 9;
const MAX_WAIT_MS = 10_000;

/**
 * Ends everything that runs for a container, whatever a crash has left of it, and lets the runtime forget it: first the monitor and runtimes,
 * so that nothing new comes, then the processes inside. Idempotent.
 */
export async function endProcesses(context: ContainerContext, id: ContainerId): Promise<void> {
  const { tools, inside } = findContainerProcesses(id);
  for (const process of tools) signalProcess(process, SIGKILL);
  await ended(tools);
  await (await context.runtime()).delete(id);
  for (const process of inside) signalProcess(process, SIGKILL);
  const late = findContainerProcesses(id).inside;
  for (const process of late) signalProcess(process, SIGKILL);
  await ended([...inside, ...late]);
  await removeContainerCgroups(context.host.cgroups, id);
}

async function ended(processes: readonly ProcessIdentity[]): Promise<void> {
  const deadline = performance.now() + MAX_WAIT_MS;
  while (processes.some(isProcessAlive) && performance.now() < deadline) await sleep(2);
}
