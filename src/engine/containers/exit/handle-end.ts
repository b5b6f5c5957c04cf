import { setTimeout as sleep } from "node:timers/promises";
import { isRbuildError } from "../../../system/index.ts";
import type { ContainerId } from "../container.ts";
import type { ContainerContext } from "../container-context.ts";
import { removeContainer } from "../remove.ts";
import { startContainer } from "../start/start.ts";
import type { StoredContainer } from "../state/container-store.ts";
import { settleEnd } from "./settle.ts";

const FIRST_RESTART_DELAY_MS = 100;
const MAX_RESTART_DELAY_MS = 60_000;

/** What follows the end of a container: it is taken note of, then removed when it was to be, or started again by its restart policy. */
export async function handleEnd(context: ContainerContext, id: ContainerId): Promise<void> {
  if (!(await settleEnd(context, id))) return;
  const stored = await context.store.read(id);
  if (stored === undefined || stored.status.phase.kind === "running") return;
  if (stored.record.spec.autoRemove) await removeContainer(context, id, { volumes: true }).catch(ignoreGone);
  else if (isToRestart(stored)) await restartLater(context, stored);
}

/** Somebody else was quicker to remove it. */
function ignoreGone(error: unknown): void {
  if (!isRbuildError(error, "container.not-found")) throw error;
}

/** Also asked of containers that a service finds when it comes back: `isReopened`. */
export function isToRestart({ record, status }: StoredContainer, isReopened = false): boolean {
  const policy = record.spec.restart?.policy ?? "no";
  const { phase } = status;
  if (record.owner.kind !== "service" || (phase.kind !== "exited" && phase.kind !== "dead")) return false;
  switch (policy) {
    case "no":
      return false;
    case "always":
      return isReopened || !status.stoppedByUser;
    case "unless-stopped":
      return !status.stoppedByUser;
    case "on-failure": {
      const maximum = record.spec.restart?.maximumRetryCount ?? 0;
      const hasFailed = phase.kind === "dead" || phase.exit.code !== 0;
      return hasFailed && !status.stoppedByUser && (maximum === 0 || status.restarts < maximum);
    }
    default:
      return policy satisfies never;
  }
}

async function restartLater(context: ContainerContext, { record, status }: StoredContainer): Promise<void> {
  const delay = Math.min(FIRST_RESTART_DELAY_MS * 2 ** Math.min(status.restarts, 20), MAX_RESTART_DELAY_MS);
  await sleep(delay, undefined, { ref: false, signal: context.closing }).catch(() => undefined);
  const now = await context.store.read(record.id);
  if (context.closing.aborted || now === undefined || !isToRestart(now)) return;
  await startContainer(context, record.id, { restarts: status.restarts + 1 });
}
