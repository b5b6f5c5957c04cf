import { join } from "node:path";
import { namesIn, pathExists, removeNetworkNamespace, removeTree, tryLock, unmount } from "../../system/index.ts";
import type { ContainerContext } from "../containers/container-context.ts";
import { endProcesses } from "../containers/exit/end-processes.ts";
import { isContainerId } from "../containers/state/container-store.ts";
import { chooseRuntime } from "../runtime/choose-runtime.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { otherRunRoots, ownerOf } from "./run-root.ts";
import { isSessionAlive } from "./session.ts";
import { isGone, viewpoint } from "./viewpoint.ts";

/**
 * Ends what still runs, and unmounts what is still mounted, of engines that no process has open and whose root somebody removed: no engine of
 * that root will come and do it. Only in run roots that were not chosen by hand: others nobody can find.
 */
export async function sweepAbandoned(context: ContainerContext): Promise<void> {
  for (const runRoot of await otherRunRoots()) {
    if (runRoot === context.runRoot) continue;
    // listed first: what a new engine of that root makes meanwhile has other ids
    const bundles = await namesIn(join(runRoot, "containers"));
    const namespaces = await namesIn(join(runRoot, "netns"));
    if (bundles.length + namespaces.length === 0 || !(await isAbandoned(runRoot))) continue;
    // one at a time: what one runs to end a container is, to another, of what is left of it
    await using held = await tryLock(join(runRoot, "abandoned.lock"));
    if (!held) continue;
    for (const id of bundles.filter(isContainerId)) {
      await endProcesses({ ...context, runtime: () => runtimeThere(context, runRoot, id) }, id);
      while (unmount(join(runRoot, "containers", id, "rootfs"), { lazy: true }));
      await removeTree(join(runRoot, "containers", id));
    }
    for (const name of namespaces) removeNetworkNamespace(join(runRoot, "netns", name));
  }
}

/** The runtime with the state that it has of this container: only so can it thaw what is frozen. */
async function runtimeThere(context: ContainerContext, runRoot: string, id: string): Promise<Runtime> {
  const { root, host } = context;
  const known = await Promise.all((["crun", "runc"] as const).map(async (name) => ((await pathExists(join(runRoot, name, id))) ? name : undefined)));
  const wanted = known.find((name) => name !== undefined);
  return wanted === undefined ? await context.runtime() : await chooseRuntime({ root, runRoot, cgroups: host.cgroups, wanted });
}

async function isAbandoned(runRoot: string): Promise<boolean> {
  const { owner, from } = await ownerOf(runRoot);
  if (owner === undefined || from !== viewpoint() || !isGone(owner)) return false;
  for (const session of await namesIn(join(runRoot, "sessions"))) if (await isSessionAlive(runRoot, session)) return false;
  return true;
}
