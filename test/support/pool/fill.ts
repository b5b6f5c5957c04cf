import type { RbuildEvent } from "../../../src/rbuild/events.ts";
import { FETCH_LIMITS, type FetchLimits } from "../../../src/rbuild/pool/fetch-limits.ts";
import { fillPoolWithin } from "../../../src/rbuild/pool/fill-pool.ts";
import { openPool } from "../../../src/rbuild/pool/open-pool.ts";
import type { FillOptions, Pool, PoolItem, PoolSource } from "../../../src/rbuild/pool/pool.ts";
import { scratchDirectory } from "../scratch.ts";

/** For servers that are to fail soon. */
export const QUICK: FetchLimits = { ...FETCH_LIMITS, connect: 1000, response: 1000, idle: 500, window: 400, pause: 5 };

export interface PoolLab {
  readonly directory: string;
  readonly pool: Pool;
  /** What was reported, of all fills. */
  readonly events: RbuildEvent[];
  readonly warnings: () => string[];
  fillPool(items: readonly PoolItem[], sources: FillOptions["sources"], options?: Partial<FillOptions>): ReturnType<typeof fillPoolWithin>;
}

export async function openPoolLab(limits: Partial<FetchLimits> = {}): Promise<PoolLab> {
  const directory = await scratchDirectory();
  const pool = await openPool(directory);
  const events: RbuildEvent[] = [];
  return {
    directory,
    pool,
    events,
    warnings: () => events.flatMap((event) => (event.kind === "warning.raised" ? [`${event.code} ${event.message}`] : [])),
    fillPool: (items, sources, options = {}) =>
      fillPoolWithin({ ...QUICK, ...limits }, items, pool, { sources, ...options }, (event) => void events.push(event)),
  };
}

export const mirror = (url: string, proxy?: string): PoolSource => ({ kind: "mirror", archive: "debian", url, ...(proxy === undefined ? {} : { proxy }) });
