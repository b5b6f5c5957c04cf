import type { LockedDefinition } from "../lock/lock-operations.ts";
import { fillPool } from "../pool/fill-pool.ts";
import { itemsOf, wantedSourcesOf } from "../pool/locked-images.ts";
import { openPool, poolDirectory } from "../pool/open-pool.ts";
import type { Pool } from "../pool/pool.ts";
import { findSources } from "../pool/sources.ts";
import type { ImageBuildOptions, ImageDependencies } from "./image-operations.ts";

/**
 * The pool of the state directory, with every package that an image has or offers on top of the one below.
 * @param chain the image last: where those below have their archives from goes for it too
 * @throws RbuildError `pool.missing` (offline), `pool.not-obtainable`, `pool.wrong-bytes`, `mirror.*`
 */
export async function fillForLevel(
  image: LockedDefinition,
  chain: readonly LockedDefinition[],
  options: ImageBuildOptions,
  { stateDirectory, report }: Pick<ImageDependencies, "stateDirectory" | "report">,
): Promise<Pool> {
  const { offline = false, signal } = options;
  const abort = signal === undefined ? {} : { signal };
  const pool = await openPool(poolDirectory(stateDirectory));
  // Asked for only when something is missing: the host's APT takes its time to say where its mirrors are.
  const sources = () => findSources(options.sources ?? {}, wantedSourcesOf(chain), abort);
  await fillPool(itemsOf([image]), pool, { sources, offline, ...abort }, report);
  return pool;
}
