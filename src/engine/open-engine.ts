import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import { RbuildError, readFileIfExists, settleUmask, writeFileAtomic } from "../system/index.ts";
import { createBuilder } from "./build/open-builder.ts";
import { checkContainers } from "./containers/check-containers.ts";
import { createContainers, createContext } from "./containers/open-containers.ts";
import type { ContainerOwner } from "./containers/state/container-record.ts";
import { openDirContentStore } from "./content/dir-content-store.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { engineInfo } from "./engine-info.ts";
import { InProcessEventHub } from "./event-hub.ts";
import { announcingImageStore } from "./images/announcing-image-store.ts";
import { openImageStore } from "./images/open-image-store.ts";
import { openNetworks } from "./networks/open-networks.ts";
import { claimRunRoot, DEFAULT_RUN_ROOT, runRootOf } from "./sessions/run-root.ts";
import { openSession } from "./sessions/session.ts";
import { adoptContainers, endSession, sweepSessions } from "./sessions/sweep.ts";
import { openOverlaySnapshotter } from "./snapshots/open-overlay-snapshotter.ts";
import { type SnapshotKey, snapshotKey } from "./snapshots/snapshotter.ts";
import { checkStore } from "./store/check-store.ts";
import { collectGarbage } from "./store/collect-garbage.ts";
import { announcingVolumes } from "./volumes/announcing-volumes.ts";
import { DirVolumes } from "./volumes/dir-volumes.ts";

export const DEFAULT_ROOT = "/var/lib/rbuild/engine";

/**
 * Opens the engine, and sets the process's umask to 022. Containers of a session end when it is disposed of; those that a killed session has left are removed here.
 * @throws RbuildError `engine.not-root`, `engine.run-root-taken`, `store.not-writable`
 */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  if (process.getuid?.() !== 0) {
    throw new RbuildError("engine.not-root", "the embedded engine needs root: it mounts file systems and makes network interfaces", {
      category: "unavailable",
      hint: "run it with sudo, or set DOCKER_HOST to use another engine",
    });
  }
  settleUmask();
  const root = resolve(options.root ?? DEFAULT_ROOT);
  const runRoot = resolve(options.runRoot ?? (root === DEFAULT_ROOT ? DEFAULT_RUN_ROOT : runRootOf(root)));
  const lifetime = options.lifetime ?? "session";
  await using stack = new AsyncDisposableStack();
  const [content, snapshots] = await Promise.all([openDirContentStore({ root }), openOverlaySnapshotter({ root, volatile: lifetime === "session" })]);
  await claimRunRoot(runRoot, root);
  const session = stack.use(await openSession(runRoot));
  const owner: ContainerOwner = lifetime === "session" ? { kind: "session", session: session.id } : { kind: "service" };
  const events = new InProcessEventHub();
  const inUse = async () => new Set((await containers.list()).map(({ imageId }) => imageId));
  const images = announcingImageStore(await openImageStore({ root, content, snapshots, inUse }), events);
  const isVolumeInUse = async (name: string) => (await containers.list()).some(({ mounts }) => mounts.some(({ volumeName }) => volumeName === name));
  const volumesOnDisk = new DirVolumes({ root, isInUse: isVolumeInUse });
  const volumes = announcingVolumes(volumesOnDisk, events);
  const { networks, stack: network } = stack.use(openNetworks({ root, runRoot, events }));
  const runtime = options.runtime === undefined ? {} : { runtime: options.runtime };
  const context = stack.use(createContext({ root, runRoot, owner, session: session.id, content, images, snapshots, volumes, network, events, ...runtime }));
  const containers = createContainers(context);
  const builder = createBuilder({ root, content, images, snapshots, containers });
  await context.store.prepare();
  await sweepSessions(context);
  await Promise.all([volumesOnDisk.sweep(), builder.sweep()]);
  if (lifetime === "service") await adoptContainers(context);
  else stack.defer(() => endSession(context, session.id));
  const usedSnapshots = async (): Promise<ReadonlySet<SnapshotKey>> => new Set((await context.store.ids()).map((id) => snapshotKey(id)));
  const store = { root, content, snapshots, usedSnapshots };
  const id = await engineId(root);
  const open = stack.move();
  return {
    content,
    images,
    snapshots,
    containers,
    networks,
    volumes,
    builder,
    events,
    info: () => engineInfo(context, id),
    collectGarbage: async () => {
      const report = await collectGarbage(store);
      await builder.pruneCache();
      return report;
    },
    fsck: async () => {
      const [stored, living] = [await checkStore(store), await checkContainers(context)];
      return { checked: { ...stored.checked, ...living.checked }, findings: [...stored.findings, ...living.findings] };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function engineId(root: string): Promise<string> {
  const path = join(root, "engine-id");
  const known = (await readFileIfExists(path, 4096))?.toString("utf8").trim();
  if (known) return known;
  const id = randomUUID();
  await writeFileAtomic(path, `${id}\n`, { sync: false });
  return id;
}
