import type { LocatedDefinition } from "../definition/read-definition.ts";
import type { LockedChain, LockedDefinition } from "../lock/lock-operations.ts";
import type { PoolItem } from "./pool.ts";
import type { WantedArchive, WantedSources } from "./sources.ts";

/** Everything that images need of the pool to be built: installed and offered packages, each once. */
export function itemsOf(images: readonly LockedDefinition[]): PoolItem[] {
  const packages = images.flatMap((image) => [...image.packages, ...image.offers]);
  return [...new Map(packages.map((each) => [each.sha256, each])).values()];
}

/** Where their packages were chosen from. */
export function wantedSourcesOf(images: readonly LockedDefinition[]): WantedSources {
  const archives = images.flatMap(({ lock, located }) => lock.archives.map(({ archive, suite }) => wantedArchive(archive, suite, located)));
  return { archives, lockedAt: images.map(({ lock }) => lock.lockedAt) };
}

/** The images of several chains, each once. */
export function imagesOf(chains: readonly LockedChain[]): LockedDefinition[] {
  return [...new Map(chains.flatMap(({ images }) => images.map((image) => [image.located.directory, image]))).values()];
}

function wantedArchive(archive: string, suite: string, { definition }: LocatedDefinition): WantedArchive {
  const url = definition.suites?.find((source) => source.archive === archive)?.url;
  return { archive, suite, ...(url === undefined ? {} : { url }) };
}
