import { isRbuildError } from "../../system/index.ts";
import type { LockedDefinition } from "../lock/lock-operations.ts";
import { findMirror } from "../mirror/find-mirror.ts";
import { fillPool, missingOf } from "../pool/fill-pool.ts";
import { openPool, poolDirectory } from "../pool/open-pool.ts";
import type { Pool, PoolSource } from "../pool/pool.ts";
import type { ImageBuildOptions, ImageDependencies } from "./image-operations.ts";

/**
 * The pool of the state directory, with every package that an image has or offers on top of the one below.
 * @param below the images it stands on: where they have their archives from goes for it too
 * @throws RbuildError `pool.missing` (offline), `pool.not-obtainable`, `pool.wrong-bytes`, `mirror.*`
 */
export async function fillForLevel(
  image: LockedDefinition,
  below: readonly LockedDefinition[],
  options: ImageBuildOptions,
  { stateDirectory, report }: Pick<ImageDependencies, "stateDirectory" | "report">,
): Promise<Pool> {
  const pool = await openPool(poolDirectory(stateDirectory));
  const items = [...image.packages, ...image.offers];
  const { missing } = await missingOf(items, pool);
  if (missing.length === 0) return pool;
  const { offline = false, signal } = options;
  const archives = new Set(missing.map(({ archive }) => archive));
  const sources = offline ? [] : [...(options.sources ?? []), ...(await mirrorsOf(archives, [image, ...below.toReversed()], options))];
  await fillPool(items, pool, { sources, offline, ...(signal === undefined ? {} : { signal }) }, report);
  return pool;
}

/** Where archives are by what was asked for, what definitions say and the host's APT. One that nobody knows is left to the other sources, if there are any. */
async function mirrorsOf(
  archives: ReadonlySet<string>,
  images: readonly LockedDefinition[],
  { mirror, sources = [], signal }: ImageBuildOptions,
): Promise<PoolSource[]> {
  const found: PoolSource[] = [];
  for (const archive of [...archives].sort()) {
    const suites = images.flatMap(({ located }) => located.definition.suites ?? []).filter((suite) => suite.archive === archive);
    const suite = images.flatMap(({ lock }) => lock.archives).find((locked) => locked.archive === archive)?.suite ?? "";
    const url = suites.find((source) => source.url !== undefined)?.url;
    try {
      const chosen = await findMirror({ mirror: archive === "debian" ? mirror : undefined, archive, suite, url, ...(signal === undefined ? {} : { signal }) });
      found.push({ kind: "mirror", archive, url: chosen.url, ...(chosen.proxy === undefined ? {} : { proxy: chosen.proxy }) });
    } catch (error) {
      if (sources.length === 0 || !isRbuildError(error, "mirror.not-found")) throw error;
    }
  }
  return found;
}
