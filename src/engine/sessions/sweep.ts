import { join } from "node:path";
import { pathExists, tryLock } from "../../system/index.ts";
import type { ContainerId } from "../containers/container.ts";
import type { ContainerContext } from "../containers/container-context.ts";
import { isToRestart } from "../containers/exit/handle-end.ts";
import { removeRemains, removeTraces } from "../containers/remove.ts";
import { abandonStart } from "../containers/start/abandon-start.ts";
import { startContainer } from "../containers/start/start.ts";
import type { StoredContainer } from "../containers/state/container-store.ts";
import { watchEnd } from "../containers/wait.ts";
import { BUNDLE } from "../runtime/monitor/conmon.ts";
import { sweepOwnedFiles } from "../store/owned-file.ts";
import { isSessionAlive } from "./session.ts";
import { sweepAbandoned } from "./sweep-abandoned.ts";

/** Removes what sessions that ended have left: containers with all that is theirs. Some milliseconds when there is nothing. */
export async function sweepSessions(context: ContainerContext): Promise<void> {
  const alive = new Map<string, Promise<boolean>>();
  const isDead = async ({ record, status }: StoredContainer): Promise<boolean> => {
    if (status.phase.kind === "removing") return record.owner.kind === "service" || !(await ask(record.runRoot, record.owner.session));
    return record.owner.kind === "session" && !(await ask(record.runRoot, record.owner.session));
  };
  const ask = (runRoot: string, session: string) => {
    const key = `${runRoot} ${session}`;
    const answer = alive.get(key) ?? isSessionAlive(runRoot, session);
    alive.set(key, answer);
    return answer;
  };
  await Promise.all((await context.store.ids()).map((id) => sweepContainer(context, id, isDead)));
  // listed first: a container has its record before its bundle, and until after it
  for (const id of await context.store.bundleIds()) if (!(await pathExists(context.store.paths(id).record))) await removeTraces(context, id);
  await context.store.dropUnfinished((session) => ask(context.runRoot, session));
  await sweepAbandoned(context);
  await context.network.sweep((id) => pathExists(context.store.paths(id as ContainerId).record));
  await sweepOwnedFiles(join(context.runRoot, "sessions"));
}

async function sweepContainer(context: ContainerContext, id: ContainerId, isDead: (stored: StoredContainer) => Promise<boolean>): Promise<void> {
  // unreadable ones are for fsck to tell of
  const stored = await context.store.read(id).catch(() => undefined);
  if (stored === undefined || !(await isDead(stored))) return;
  // another engine may be at it: then it is gone when the lock is free
  await using _held = await context.store.lock(id);
  const now = await context.store.read(id);
  if (now) await removeRemains(context, now, { volumes: true });
}

/** Takes over the containers of a service that was stopped or killed: ends that nobody saw are noted, restart policies hold. */
export async function adoptContainers(context: ContainerContext): Promise<void> {
  for (const id of await context.store.ids()) {
    const stored = await context.store.read(id).catch(() => undefined);
    if (stored?.record.owner.kind !== "service") continue;
    const { phase } = stored.status;
    if (phase.kind === "running") {
      watchEnd(context, id, phase);
      await context.onEnd(id);
      continue;
    }
    await finishInterrupted(context, id);
    if (isToRestart(stored, true)) {
      await startContainer(context, id).catch((error: unknown) => process.emitWarning(error instanceof Error ? error : String(error)));
    }
  }
}

/** A start or the taking note of an end that a kill has cut short: what the runtime and the network still know is undone. */
async function finishInterrupted(context: ContainerContext, id: ContainerId): Promise<void> {
  if (!(await pathExists(join(context.store.paths(id).bundle, BUNDLE.config)))) return;
  // held by a living engine that is at it
  await using held = await tryLock(context.store.paths(id).lock);
  const stored = held && (await context.store.read(id));
  if (stored && stored.status.phase.kind !== "running") await abandonStart(context, stored, []);
}

/** Removes the containers of this session. */
export async function endSession(context: ContainerContext, session: string): Promise<void> {
  const own = await Promise.all((await context.store.ids()).map((id) => context.store.read(id).catch(() => undefined)));
  await Promise.all(
    own.map(async (stored) => {
      if (stored?.record.owner.kind !== "session" || stored.record.owner.session !== session) return;
      await using _held = await context.store.lock(stored.record.id);
      const now = await context.store.read(stored.record.id);
      if (now) await removeRemains(context, now, { volumes: true });
    }),
  );
}
