import { existsSync } from "node:fs";
import { type Clock, systemClock } from "../../system/index.ts";
import { isProcessAlive } from "../../system/kernel/pidfd.ts";
import { chooseRuntime, findMonitor, type RuntimeName } from "../runtime/choose-runtime.ts";
import { readHostFacts } from "../runtime/host/host-facts.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { SeccompCache } from "../runtime/seccomp-cache.ts";
import { snapshotKey } from "../snapshots/snapshotter.ts";
import { attachContainer } from "./attach/attach.ts";
import { PendingAttachments } from "./attach/pending-attachments.ts";
import { resizeTerminal } from "./attach/resize.ts";
import { commitContainer } from "./commit/commit.ts";
import type { ContainerId, Containers } from "./container.ts";
import type { ContainerContext } from "./container-context.ts";
import { createContainer } from "./create/create.ts";
import { createExec, findExec, resizeExec, startExec } from "./exec/exec.ts";
import { ExecSessions, execInfo } from "./exec/exec-sessions.ts";
import { EndNotices } from "./exit/end-notices.ts";
import { ExitWatch } from "./exit/exit-watch.ts";
import { handleEnd } from "./exit/handle-end.ts";
import { archivePath } from "./files/archive.ts";
import { exportRootfs } from "./files/export.ts";
import { extractInto } from "./files/extract.ts";
import { statPath } from "./files/stat-path.ts";
import { containerInfo } from "./inspect.ts";
import { readLogs } from "./logs/read-logs.ts";
import { connectContainer, disconnectContainer } from "./membership.ts";
import { setPaused } from "./pause.ts";
import { removeContainer } from "./remove.ts";
import { renameContainer } from "./rename.ts";
import { startContainer } from "./start/start.ts";
import { ContainerStore, type StoredContainer } from "./state/container-store.ts";
import { killContainer, requireRunning, stopContainer } from "./stop.ts";
import { listProcesses } from "./top.ts";
import { waitContainer } from "./wait.ts";

export interface ContainersOptions
  extends Pick<ContainerContext, "root" | "runRoot" | "owner" | "content" | "images" | "snapshots" | "volumes" | "network" | "events"> {
  /** Id of this process's session, whoever owns the containers. */
  readonly session: string;
  readonly runtime?: RuntimeName;
  readonly clock?: Clock;
}

export function createContext(options: ContainersOptions): ContainerContext & AsyncDisposable {
  const { root, runRoot } = options;
  const host = readHostFacts();
  const store = new ContainerStore({ root, runRoot }, options.session);
  let runtime: Promise<Runtime> | undefined;
  let monitor: string | undefined;
  const closing = new AbortController();
  const background = new Set<Promise<void>>();
  const context: ContainerContext & AsyncDisposable = {
    ...options,
    clock: options.clock ?? systemClock,
    host,
    store,
    exits: new ExitWatch({ root, runRoot }),
    notices: new EndNotices(),
    pending: new PendingAttachments(),
    execs: new ExecSessions(),
    seccomp: new SeccompCache(root),
    closing: closing.signal,
    inBackground(work) {
      const running = work()
        .catch((error: unknown) => process.emitWarning(error instanceof Error ? error : String(error)))
        .finally(() => background.delete(running));
      background.add(running);
      return running;
    },
    onEnd: (id) => (closing.signal.aborted ? Promise.resolve() : context.inBackground(() => handleEnd(context, id))),
    async runtime() {
      runtime ??= chooseRuntime({ root, runRoot, cgroups: host.cgroups, ...(options.runtime ? { wanted: options.runtime } : {}) });
      try {
        return await runtime;
      } catch (error) {
        // it may be installed while a service runs
        runtime = undefined;
        throw error;
      }
    },
    monitor: () => (monitor ??= findMonitor()),
    async [Symbol.asyncDispose]() {
      closing.abort();
      context.exits[Symbol.dispose]();
      while (background.size > 0) await Promise.all(background);
    },
  };
  return context;
}

/** The port over the phases of life: looks a container up, hands over to the file that does it. */
export function createContainers(context: ContainerContext): Containers {
  const find = (lookup: string) => context.store.resolve(lookup);
  const fresh = async (id: ContainerId): Promise<StoredContainer> => {
    const stored = await context.store.get(id);
    const { phase } = stored.status;
    if (phase.kind !== "running" || (!existsSync(context.store.paths(id).exitFile) && isProcessAlive(phase.process))) return stored;
    await context.onEnd(id);
    return await context.store.get(id);
  };
  return {
    create: (spec) => createContainer(context, spec),
    get: async (lookup) => containerInfo(context, await fresh(await find(lookup))),
    list: async () => {
      const all = await Promise.all((await context.store.ids()).map((id) => fresh(id).catch(() => undefined)));
      return all.flatMap((stored) => (stored ? containerInfo(context, stored) : [])).sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    },
    start: async (lookup) => await startContainer(context, await find(lookup)),
    attach: async (lookup, options) => await attachContainer(context, await find(lookup), options),
    async *logs(lookup, options) {
      yield* readLogs(context, await find(lookup), options);
    },
    resize: async (lookup, size) => {
      const id = await find(lookup);
      await requireRunning(context, id);
      await resizeTerminal(context.store.paths(id).bundle, size);
    },
    wait: async (lookup, condition, options) => await waitContainer(context, await find(lookup), condition ?? "not-running", options?.signal),
    kill: async (lookup, signal) => await killContainer(context, await find(lookup), signal),
    stop: async (lookup, options) => await stopContainer(context, await find(lookup), options),
    restart: async (lookup, options) => {
      const id = await find(lookup);
      await stopContainer(context, id, options);
      await startContainer(context, id);
    },
    pause: async (lookup) => await setPaused(context, await find(lookup), true),
    unpause: async (lookup) => await setPaused(context, await find(lookup), false),
    rename: async (lookup, name) => await renameContainer(context, await find(lookup), name),
    connect: async (lookup, network, attachment) => await connectContainer(context, await find(lookup), network, attachment),
    disconnect: async (lookup, network) => await disconnectContainer(context, await find(lookup), network),
    remove: async (lookup, options) => await removeContainer(context, await find(lookup), options),
    commit: async (lookup, options) => await commitContainer(context, await find(lookup), options),
    changes: async (lookup) => {
      const id = await find(lookup);
      await context.store.get(id);
      return await context.snapshots.changes(snapshotKey(id));
    },
    async *export(lookup) {
      yield* exportRootfs(context, await find(lookup));
    },
    archive: async (lookup, path) => await archivePath(context, await find(lookup), path),
    statPath: async (lookup, path) => await statPath(context, await find(lookup), path),
    extract: async (lookup, path, tar, options) => await extractInto(context, await find(lookup), path, tar, options),
    top: async (lookup, psArgs) => await listProcesses(context, await find(lookup), psArgs),
    createExec: async (lookup, spec) => await createExec(context, await find(lookup), spec),
    startExec: (id, options) => startExec(context, id, options?.signal),
    getExec: async (id) => execInfo(findExec(context, id)),
    resizeExec: (id, size) => resizeExec(context, id, size),
  };
}
