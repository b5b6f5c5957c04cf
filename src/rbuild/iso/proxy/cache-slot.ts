import { join } from "node:path";
import { type HeldLock, RbuildError, tryLock } from "../../../system/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { asked } from "../../container-host/host-error.ts";
import { LABELS } from "../../container-host/labels.ts";

/** The volume that the proxy's cache is on. */
export const CACHE_VOLUME = "rbuild-apt-cache";
/** Builds with a proxy that may run at once. */
const MAX_SLOTS = 8;

export interface CacheSlot extends AsyncDisposable {
  readonly volume: string;
}

/**
 * Takes a cache that no other proxy uses: two apt-cacher-ng on one directory would damage it. The first is the usual one;
 * a second build at the same time gets a cache of its own rather than waiting for the first.
 * @throws RbuildError `proxy.all-caches-busy`
 */
export async function takeCacheSlot(stateDirectory: string, host: ContainerHost): Promise<CacheSlot> {
  for (let slot = 1; slot <= MAX_SLOTS; slot++) {
    const volume = slot === 1 ? CACHE_VOLUME : `${CACHE_VOLUME}-${slot}`;
    await using cleanUp = new AsyncDisposableStack();
    const held: HeldLock | undefined = await tryLock(join(stateDirectory, "proxy", `${volume}.lock`));
    if (!held) continue;
    cleanUp.use(held);
    if (await isInUse(host, volume)) continue;
    const kept = cleanUp.move();
    return { volume, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  }
  throw new RbuildError("proxy.all-caches-busy", `${MAX_SLOTS} builds with a package proxy run already`, {
    category: "conflict",
    hint: "wait for one of them, or rbuild iso --proxy none",
  });
}

/** By a build whose locks are elsewhere: another user's, on the same container host. */
async function isInUse(host: ContainerHost, volume: string): Promise<boolean> {
  const filters = JSON.stringify({ label: [`${LABELS.cache}=${volume}`] });
  return (await asked("list the package proxies", host.listContainers({ filters }))).length > 0;
}
