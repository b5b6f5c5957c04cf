import { stat } from "node:fs/promises";
import { join } from "node:path";
import { entriesBelow } from "../../system/entries-below.ts";
import { isSystemError } from "../../system/index.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import { CACHE_VOLUME } from "../iso/proxy/cache-slot.ts";
import { poolDirectory } from "./open-pool.ts";
import { listPool } from "./prune-pool.ts";

/** Something that can be had again. */
export interface CacheUsage {
  readonly what: "packages" | "parts" | "indexes" | "proxy";
  /** A directory, or the name of a volume. */
  readonly place: string;
  readonly files: number;
  readonly bytes: number;
}

/** What rbuild keeps to be quicker: packages, parts of packages, APT's indexes, the proxies' caches where the engine is given. */
export async function cacheUsage(stateDirectory: string, containerHost?: ContainerHost): Promise<CacheUsage[]> {
  const pool = poolDirectory(stateDirectory);
  const files = await listPool(pool);
  const [packages, parts] = [files.filter(({ sha256 }) => sha256 !== undefined), files.filter(({ sha256 }) => sha256 === undefined)];
  const indexes = join(stateDirectory, "apt");
  return [
    { what: "packages", place: pool, ...sumOf(packages) },
    { what: "parts", place: pool, ...sumOf(parts) },
    { what: "indexes", place: indexes, ...sumOf(await sizesBelow(indexes)) },
    ...(containerHost === undefined ? [] : await proxyCaches(containerHost)),
  ];
}

interface DiskUsage {
  readonly Volumes?: readonly { readonly Name: string; readonly UsageData?: { readonly Size: number } | null }[] | null;
}

async function proxyCaches(host: ContainerHost): Promise<CacheUsage[]> {
  const { Volumes } = (await host.df()) as DiskUsage;
  const caches = (Volumes ?? []).filter(({ Name }) => Name === CACHE_VOLUME || Name.startsWith(`${CACHE_VOLUME}-`));
  return caches.map(({ Name, UsageData }): CacheUsage => ({ what: "proxy", place: Name, files: 1, bytes: Math.max(0, UsageData?.Size ?? 0) }));
}

async function sizesBelow(directory: string): Promise<{ readonly size: number }[]> {
  const entries = await entriesBelow(directory).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(files.map((path) => stat(path).catch(() => ({ size: 0 }))));
}

const sumOf = (files: readonly { readonly size: number }[]) => ({ files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) });
