import { statfs } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type OpenStep, withStep } from "../../make-runner/index.ts";
import { counted } from "../../system/counted.ts";
import { RbuildError } from "../../system/index.ts";
import type { RbuildReport } from "../events.ts";
import { byteText } from "./byte-text.ts";
import type { Suspicion } from "./download.ts";
import { type FetchContext, fetchItem, type SourceFailure } from "./fetch-item.ts";
import { FETCH_LIMITS, type FetchLimits } from "./fetch-limits.ts";
import type { MayFollow } from "./http-connections.ts";
import { IncomingFile } from "./incoming-file.ts";
import { partPath } from "./open-pool.ts";
import type { FillOptions, FillOutcome, FillPool, Pool, PoolItem, PoolSource } from "./pool.ts";
import { itemDetails, missingItems } from "./pool-errors.ts";
import { Received } from "./received.ts";
import { sourceName } from "./source-places.ts";
import { TriedSource } from "./tried-source.ts";

/** Items fetched at once. */
const AT_ONCE = 6;
/** Between looks at an item that another process fetches. Milliseconds. */
const WAIT = 100;
/** Between reports of progress. Milliseconds. */
const PROGRESS_INTERVAL = 100;

/** What is particular to what a pool is filled with. */
export interface FillManner {
  /** Of the step that fetches. */
  readonly step: "pool.fetch" | "image.fetch-files";
  /** Of the warning that a source gave something else. */
  readonly wrongBytes: (suspicion: Suspicion) => string;
  /** Default: wherever redirects lead. */
  readonly mayFollow?: MayFollow;
  /** Code of the warning that a source was left for what it looks like; undefined: none. */
  readonly suspicious?: (suspicion: Suspicion) => string;
  /** Nobody has these as they should be. */
  readonly notObtainable: (failed: readonly ItemFailure[]) => RbuildError;
}

const PACKAGES: FillManner = { step: "pool.fetch", wrongBytes: () => "pool.wrong-bytes", notObtainable };

export const fillPool: FillPool = (items, pool, options, report) => fillPoolWithin(FETCH_LIMITS, items, pool, options, report);

/** `fillPool` with limits of one's own. */
export async function fillPoolWithin(
  limits: FetchLimits,
  items: readonly PoolItem[],
  pool: Pool,
  options: FillOptions,
  report: RbuildReport,
  manner = PACKAGES,
): Promise<FillOutcome> {
  options.signal?.throwIfAborted();
  const { wanted, missing } = await missingOf(items, pool);
  if (missing.length === 0) return { present: wanted, fetched: 0, bytes: 0, discarded: 0 };
  const sources = await sourcesOf(options);
  if (options.offline && sources.length === 0) throw missingItems(missing);
  return withStep(report, { name: manner.step }, async (step) => {
    await checkSpace(missing, pool);
    const received = options.received ?? new Received();
    await fetchAll(missing, pool, { ...options, sources, received }, limits, step, report, manner);
    return { present: wanted - missing.length, fetched: missing.length, bytes: received.bytes, discarded: received.discarded };
  });
}

/** What is not in the pool, each once, in the order of the items. */
export async function missingOf(items: readonly PoolItem[], pool: Pool): Promise<{ readonly wanted: number; readonly missing: PoolItem[] }> {
  const unique = [...new Map(items.map((item) => [item.sha256, item])).values()];
  const isThere = await Promise.all(unique.map((item) => pool.has(item)));
  return { wanted: unique.length, missing: unique.filter((_item, index) => !isThere[index]) };
}

async function checkSpace(missing: readonly PoolItem[], pool: Pool): Promise<void> {
  const needed = missing.reduce((sum, { size }) => sum + size, 0);
  const { bavail, bsize } = await statfs(pool.directory);
  if (bavail * bsize >= needed) return;
  throw new RbuildError("pool.no-space", `${byteText(needed)} are to be fetched into ${pool.directory}, where ${byteText(bavail * bsize)} are free`, {
    category: "unavailable",
    hint: "make room there: rbuild cache prune",
    details: { directory: pool.directory, needed, free: bavail * bsize },
  });
}

async function sourcesOf({ sources, offline }: FillOptions): Promise<readonly PoolSource[]> {
  const all = typeof sources === "function" ? await sources() : sources;
  return offline ? all.filter(({ kind }) => kind === "directory") : all;
}

async function fetchAll(
  missing: readonly PoolItem[],
  pool: Pool,
  { sources, signal, offline, received }: FillOptions & { readonly sources: readonly PoolSource[]; readonly received: Received },
  limits: FetchLimits,
  step: OpenStep,
  report: RbuildReport,
  manner: FillManner,
): Promise<void> {
  const { openHttpClient } = await import("./download.ts");
  using client = openHttpClient(limits, manner.mayFollow);
  const progress = countBytes(missing, step);
  const stop = new AbortController();
  const context: FetchContext = {
    pool,
    client,
    limits,
    onBytes: progress,
    received,
    signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
    onWrongBytes: ({ path }, { name }, reason, suspicion) =>
      report({ kind: "warning.raised", code: manner.wrongBytes(suspicion), message: `${name} gave something else for ${path}: ${reason}` }),
    onSuspicion: ({ path }, { source, reason }, suspicion) => {
      if (manner.suspicious) report({ kind: "warning.raised", code: manner.suspicious(suspicion), message: `${source} did not give ${path}: ${reason}` });
    },
  };
  const tried = sources.map((source) => new TriedSource(source));
  const failures: ItemFailure[] = [];
  const queue = [...missing];
  const work = async (): Promise<void> => {
    for (let item = queue.shift(); item; item = queue.shift()) {
      const failure = await fetchOne(item, tried, context, progress);
      if (failure === "busy") {
        // Another process fetches it.
        queue.push(item);
        await sleep(WAIT, undefined, { signal: context.signal });
      } else if (failure) failures.push({ item, failures: failure });
    }
  };
  const workers = await Promise.allSettled(
    Array.from({ length: Math.min(AT_ONCE, missing.length) }, () =>
      work().catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    ),
  );
  signal?.throwIfAborted();
  if (stop.signal.aborted) throw stop.signal.reason;
  for (const worker of workers) if (worker.status === "rejected") throw worker.reason;
  if (failures.length > 0)
    throw offline
      ? missingItems(
          failures.map(({ item }) => item),
          sources.map(sourceName),
        )
      : manner.notObtainable(failures);
}

async function fetchOne(
  item: PoolItem,
  sources: readonly TriedSource[],
  context: FetchContext,
  progress: Progress,
): Promise<readonly SourceFailure[] | "busy" | undefined> {
  await using file = await IncomingFile.resume(partPath(context.pool, item.sha256));
  if (!file) return "busy";
  if (await context.pool.has(item)) {
    await file.restart();
    progress(item.size);
    return undefined;
  }
  progress(file.size);
  // The file is closed when this returns.
  return await fetchItem(item, sources, file, context);
}

/** Tells of bytes that are there: those that came, and those that need not be fetched after all; negative when they are dropped. */
type Progress = (count: number) => void;

function countBytes(missing: readonly PoolItem[], step: OpenStep): Progress {
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  let [done, last] = [0, 0];
  return (count) => {
    done += count;
    const now = performance.now();
    if (now - last < PROGRESS_INTERVAL && done < total) return;
    last = now;
    step.progress(Math.max(0, done), "bytes", total);
  };
}

/** An item, and what kept every source from giving it. */
export interface ItemFailure {
  readonly item: PoolItem;
  readonly failures: readonly SourceFailure[];
}

function notObtainable(failed: readonly ItemFailure[]): RbuildError {
  const isWrong = failed.some(({ failures }) => failures.some((failure) => failure.isWrong));
  const [first] = failed;
  const reasons = first?.failures.map(({ source, reason }) => `\n  ${source}: ${reason}`).join("") || "\n  there is no source to ask";
  const others = failed.length === 1 ? "" : ` and ${counted(failed.length - 1, "other package")}`;
  const message = `${first?.item.path ?? "a package"}${others} cannot be had:${reasons}`;
  const details = { items: failed.map(({ item, failures }) => ({ ...itemDetails(item), sources: failures })) };
  const hint = "name another source with --pool DIR|URL, --mirror URL or --archive TEMPLATE";
  return isWrong
    ? new RbuildError("pool.wrong-bytes", message, { category: "untrusted", hint, details })
    : new RbuildError("pool.not-obtainable", message, { category: "unavailable", hint, details });
}
