import { realpath, rmdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { RbuildError } from "../../system/index.ts";
import type { RbuildReport } from "../events.ts";
import { fillPool } from "../pool/fill-pool.ts";
import { openPool, poolDirectory } from "../pool/open-pool.ts";
import type { FillOutcome } from "../pool/pool.ts";
import { readRbuildYaml } from "./config/read-rbuild-yaml.ts";
import type { WantedLock } from "./config/schema.ts";
import type { IsoOptions } from "./iso.ts";
import { lockedItems } from "./locked/locked-items.ts";
import { readTreeLock, type TreeLockState } from "./locked/read-tree-lock.ts";
import { TREE_LOCK_FILE, type TreeLock } from "./locked/tree-lock.ts";
import { notDeclared, staleLock } from "./supply/choose-supply.ts";
import { findLockedSources } from "./supply/find-mirrors.ts";

type SourceOptions = Pick<IsoOptions, "sources" | "offline" | "signal">;

/**
 * What a tree's lock says of its rbuild.yaml as it is now.
 * @throws RbuildError `lock.not-declared`, `lock.invalid`
 */
export async function checkTreeLock(directory: string): Promise<TreeLockState> {
  return await readTreeLock(directory, await readWanted(directory));
}

/**
 * Sees to it that a pool has everything of a tree's lock.
 * @param options.to a directory that becomes a pool of its own. Default: the pool of the state directory
 * @throws RbuildError `lock.absent`, `lock.stale`, `lock.not-declared`, `lock.invalid`, codes `pool.*`, `mirror.*`
 */
export async function vendorTreeLock(
  options: SourceOptions & { readonly directory: string; readonly to?: string },
  { stateDirectory, report }: { readonly stateDirectory: string; readonly report: RbuildReport },
): Promise<FillOutcome & { readonly directory: string; readonly size: number }> {
  const tree = await realpath(options.directory);
  const wanted = await readWanted(tree);
  const state = await readTreeLock(tree, wanted);
  if (state.kind === "stale") throw staleLock(tree, state);
  if (state.kind === "absent") {
    const message = `${tree} has no ${TREE_LOCK_FILE}`;
    throw new RbuildError("lock.absent", message, { category: "not-found", hint: "rbuild lock", details: { directory: tree } });
  }
  const own = poolDirectory(stateDirectory);
  const pool = options.to === undefined ? own : resolve(options.to);
  const sources = pool === own ? options.sources : { ...options.sources, pools: [own, ...(options.sources?.pools ?? [])] };
  const filled = await fillFromSources(state.lock, { directory: tree, wanted, pool }, { ...options, ...(sources ? { sources } : {}) }, report);
  // What is handed on has no working directory in it, unless somebody else works there.
  if (pool !== own) await rmdir(join(pool, "tmp")).catch(() => undefined);
  return { directory: pool, ...filled };
}

export async function fillFromSources(
  lock: TreeLock,
  { directory, wanted, pool }: { readonly directory: string; readonly wanted: WantedLock; readonly pool: string },
  options: SourceOptions,
  report: RbuildReport,
): Promise<FillOutcome & { readonly size: number }> {
  const { signal, offline } = options;
  const items = lockedItems(lock);
  const sources = () => findLockedSources(lock, { tree: directory, config: { lock: wanted }, options }, signal);
  const filling = { sources, ...(offline ? { offline } : {}), ...(signal ? { signal } : {}) };
  return { ...(await fillPool(items, await openPool(pool), filling, report)), size: items.reduce((sum, { size }) => sum + size, 0) };
}

async function readWanted(directory: string): Promise<WantedLock> {
  const { lock } = await readRbuildYaml(directory);
  if (lock) return lock;
  throw notDeclared(directory);
}
