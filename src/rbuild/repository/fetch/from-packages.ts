import { join } from "node:path";
import { hostPlatform } from "../../../oci/index.ts";
import { isFileOfSize, isRbuildError, isSystemError } from "../../../system/index.ts";
import { buildImage } from "../../images/build-image.ts";
import { checkLocatedPin } from "../../images/check-pin.ts";
import type { BuiltImage, ImageBuildOptions, ImageDependencies, ImagePin } from "../../images/image-operations.ts";
import { pinMismatch } from "../../images/pin/pin-refusal.ts";
import { findPresent, inputsOf } from "../../images/present-image.ts";
import type { LockedChain, LockedDefinition } from "../../lock/lock-operations.ts";
import { readLockedChain } from "../../lock/locked-chain.ts";
import { missingOf } from "../../pool/fill-pool.ts";
import { itemsOf } from "../../pool/locked-images.ts";
import { itemPath, openPool, poolDirectory } from "../../pool/open-pool.ts";
import type { PoolItem, PoolSource } from "../../pool/pool.ts";
import { findSources } from "../../pool/sources.ts";
import type { MissingPackages } from "./predict-bytes.ts";

/** The other way to a pinned image: from its lock, with the packages that this machine lacks. */
export interface FromPackages {
  /** Undefined where the tree has no lock that the image can be built from. */
  readonly missing: () => Promise<MissingPackages | undefined>;
  /** @param pools where packages may be had besides. @throws RbuildError as `buildImage`, `image.pin-mismatch` */
  readonly build: (pools: readonly string[]) => Promise<BuiltImage>;
}

/** Images of the chain are as they are pinned, or it ends in an error. */
export function fromPackages({ name, version }: ImagePin, options: Omit<ImageBuildOptions, "name" | "force">, dependencies: ImageDependencies): FromPackages {
  const { sources = {} } = options;
  /** Pools on this machine. */
  const directories = async () => {
    const found = await findSources({ ...sources, offline: true }, { archives: [], lockedAt: [] });
    return found.flatMap((source) => (source.kind === "directory" ? [source.path] : []));
  };
  return {
    async missing() {
      try {
        const chain = await readLockedChain(name, dependencies);
        if (chain.images.at(-1)?.located.definition.version !== version) return undefined;
        const pool = await openPool(poolDirectory(dependencies.stateDirectory));
        const { missing } = await missingOf(itemsOf(await toBuild(chain, dependencies)), pool);
        const remote = await notIn(await directories(), missing);
        return { size: remote.reduce((sum, { size }) => sum + size, 0), count: remote.length };
      } catch (error) {
        // What cannot be built is fetched, and nobody needs to know.
        if (isRbuildError(error) || isSystemError(error)) return undefined;
        throw error;
      }
    },
    async build(more) {
      const pools = [...(await directories()), ...(sources.pools ?? []), ...more];
      return buildImage({ ...options, name, sources: { ...sources, pools } }, dependencies, async (located) => {
        const level = await checkLocatedPin(located, dependencies);
        if (level.kind === "different") throw pinMismatch(level.pin, level.found, "reproduced");
      });
    },
  };
}

/** The images of a chain that the engine does not have as they are locked: all above the first of them. */
async function toBuild(chain: LockedChain, dependencies: ImageDependencies): Promise<readonly LockedDefinition[]> {
  let parent: BuiltImage | undefined;
  for (const [index, { located }] of chain.images.entries()) {
    const present = await findPresent(located, await inputsOf(chain, index, parent, hostPlatform()), dependencies);
    if (!present) return chain.images.slice(index);
    parent = present.built;
  }
  return [];
}

async function notIn(directories: readonly string[], items: readonly PoolItem[]): Promise<readonly PoolItem[]> {
  const isIn = async ({ sha256, size }: PoolItem) => {
    const found = await Promise.all(directories.map((directory) => isFileOfSize(join(directory, itemPath(sha256)), size).catch(() => false)));
    return found.includes(true);
  };
  const isThere = await Promise.all(items.map(isIn));
  return items.filter((_item, index) => !isThere[index]);
}

/** Where the places of a repository have its packages, as `--pool` names them. */
export function poolsOf(sources: readonly PoolSource[]): readonly string[] {
  return sources.flatMap((source) => (source.kind === "mirror" ? [`${source.url}/pool`] : source.kind === "files" ? [`${source.path}/pool`] : []));
}
