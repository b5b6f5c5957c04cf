import { rmdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathExists } from "../../system/index.ts";
import { listDefinitions } from "../definition/find-definition.ts";
import { LOCK_FILE } from "../lock/image-lock.ts";
import type { LockDependencies } from "../lock/lock-operations.ts";
import { readLockedChain } from "../lock/locked-chain.ts";
import { fillPool } from "./fill-pool.ts";
import { imagesOf, itemsOf, wantedSourcesOf } from "./locked-images.ts";
import { openPool, poolDirectory } from "./open-pool.ts";
import type { FillOutcome } from "./pool.ts";
import { findSources, type SourceChoice } from "./sources.ts";

export interface VendorOptions {
  /** Default: every image that is defined and has a lock. */
  readonly names: readonly string[];
  /** A directory that becomes a pool of its own, as publishers have one. Default: the pool of the state directory. */
  readonly to?: string;
  readonly sources: SourceChoice;
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
}

export interface VendorOutcome extends FillOutcome {
  readonly directory: string;
  /** Names of the images, those below included. */
  readonly images: readonly string[];
  /** Bytes of all packages. */
  readonly size: number;
}

/**
 * Sees to it that a pool has every package that the images and those they stand on need, offered ones included.
 * @throws RbuildError codes `lock.*`, `definition.*`, `pool.*`, `mirror.*`
 */
export async function vendorImages(options: VendorOptions, dependencies: LockDependencies): Promise<VendorOutcome> {
  const { offline, signal } = options;
  const { imageDirectories, stateDirectory, report } = dependencies;
  const names = options.names.length > 0 ? options.names : await lockedNames(imageDirectories);
  const images = imagesOf(await Promise.all(names.map((name) => readLockedChain(name, { imageDirectories }))));
  const items = itemsOf(images);
  const own = poolDirectory(stateDirectory);
  const directory = options.to === undefined ? own : resolve(options.to);
  const pools = directory === own ? (options.sources.pools ?? []) : [own, ...(options.sources.pools ?? [])];
  const abort = signal === undefined ? {} : { signal };
  const sources = () => findSources({ ...options.sources, pools, ...(offline ? { offline } : {}) }, wantedSourcesOf(images), abort);
  const pool = await openPool(directory);
  const outcome = await fillPool(items, pool, { sources, ...(offline ? { offline } : {}), ...abort }, report);
  // What is handed on has no working directory in it, unless somebody else works there.
  if (directory !== own) await rmdir(join(directory, "tmp")).catch(() => undefined);
  const size = items.reduce((sum, item) => sum + item.size, 0);
  return { directory, images: images.map(({ located }) => located.definition.name), size, ...outcome };
}

/** The defined images that have a lock. */
async function lockedNames(imageDirectories: readonly string[]): Promise<string[]> {
  const located = await listDefinitions(imageDirectories);
  const isLocked = await Promise.all(located.map(({ directory }) => pathExists(join(directory, LOCK_FILE))));
  return located.filter((_each, index) => isLocked[index]).map(({ definition }) => definition.name);
}
