import { setTimeout as sleep } from "node:timers/promises";
import { type HeldLock, lock, RbuildError, tryLock } from "../../system/index.ts";
import { storeLayout } from "./layout.ts";

/**
 * Keeps garbage collection away while `work` adds content that no image, container or snapshot names yet. Any number of leases may be
 * held at a time, one inside another too; the kernel ends a lease with its process.
 */
export async function withLease<T>(root: string, work: () => Promise<T>, options: { readonly signal?: AbortSignal } = {}): Promise<T> {
  await using _lease = await takeLease(root, options);
  return await work();
}

export function takeLease(root: string, options: { readonly signal?: AbortSignal } = {}): Promise<HeldLock> {
  return lock(storeLayout(root).lease, { ...options, kind: "shared" });
}

/** The store for one's own, if nobody holds a lease now. */
export function tryExclusive(root: string): Promise<HeldLock | undefined> {
  return tryLock(storeLayout(root).lease, { kind: "exclusive" });
}

/** The store for one's own. @throws RbuildError `store.busy` when leases are still held after `waitMs` milliseconds */
export async function takeExclusive(root: string, options: { readonly waitMs?: number; readonly signal?: AbortSignal } = {}): Promise<HeldLock> {
  const deadline = performance.now() + (options.waitMs ?? 10_000);
  for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
    options.signal?.throwIfAborted();
    const held = await tryExclusive(root);
    if (held) return held;
    if (performance.now() > deadline) {
      throw new RbuildError("store.busy", `the store ${root} is being added to by a build, a load or a pull`, {
        category: "conflict",
        hint: "wait for the other rbuild to finish, then try again",
        details: { root },
      });
    }
    await sleep(wait);
  }
}
