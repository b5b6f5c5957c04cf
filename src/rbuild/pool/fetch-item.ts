import { constants, createReadStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isSystemError } from "../../system/index.ts";
import type { DownloadOutcome, HttpClient, Route, Suspicion } from "./download.ts";
import { type FetchLimits, pauseAfter } from "./fetch-limits.ts";
import type { IncomingFile } from "./incoming-file.ts";
import { takeIn } from "./open-pool.ts";
import type { Pool, PoolItem } from "./pool.ts";
import { difference } from "./pool-errors.ts";
import type { Received } from "./received.ts";
import { placeOf } from "./source-places.ts";
import type { TriedSource } from "./tried-source.ts";

/** Why a source did not give an item. */
export interface SourceFailure {
  readonly source: string;
  readonly reason: string;
  /** It gave something else. */
  readonly isWrong: boolean;
  readonly suspicion?: Suspicion;
}

export interface FetchContext {
  readonly pool: Pool;
  readonly client: HttpClient;
  readonly limits: FetchLimits;
  /** Bytes that came; negative when they are dropped. */
  readonly onBytes: (count: number) => void;
  readonly received: Received;
  readonly onWrongBytes: (item: PoolItem, source: TriedSource, reason: string, suspicion: Suspicion) => void;
  /** A source did not give an item in a way that looks like an attack, other than by wrong bytes. */
  readonly onSuspicion: (item: PoolItem, failure: SourceFailure, suspicion: Suspicion) => void;
  readonly signal: AbortSignal;
}

/** Longest pause that a server may ask for. Milliseconds. */
const MAX_PAUSE = 30_000;

/** Node takes numbers as flags too. */
const NO_WAITING = constants.O_RDONLY | constants.O_NONBLOCK;

/** Takes an item into the pool from the first source that has it. Returns what kept it from that, or undefined when it is in. */
export async function fetchItem(
  item: PoolItem,
  sources: readonly TriedSource[],
  file: IncomingFile,
  context: FetchContext,
): Promise<readonly SourceFailure[] | undefined> {
  const failures: SourceFailure[] = [];
  for (const source of sources) {
    context.signal.throwIfAborted();
    const failed = source.isOut ? { reason: source.whyOut, isWrong: false } : await fetchFrom(item, source, file, countingContext(item, source, context));
    if (!failed) return undefined;
    const failure = { source: source.name, ...failed };
    if (failure.suspicion && !failure.isWrong) context.onSuspicion(item, failure, failure.suspicion);
    failures.push(failure);
  }
  return failures;
}

/** Counts what comes from a source, too. What is dropped is dropped whole, whoever it came from. */
function countingContext({ sha256 }: PoolItem, { name }: TriedSource, context: FetchContext): FetchContext {
  const onBytes = (count: number) => {
    if (count > 0) context.received.add(sha256, name, count);
    if (count < 0) context.received.discard(sha256);
    context.onBytes(count);
  };
  return { ...context, onBytes };
}

type Failure = Omit<SourceFailure, "source">;

async function fetchFrom(item: PoolItem, source: TriedSource, file: IncomingFile, context: FetchContext): Promise<Failure | undefined> {
  const place = placeOf(item, source.source);
  switch (place.kind) {
    case "none":
      return { reason: "it does not have this archive", isWrong: false };
    case "file":
      return copyFrom(openToRead(place.path, item, context.signal), item, source, file, context);
    case "bytes": {
      const bytes = place.read(context.signal);
      return bytes ? copyFrom(bytes, item, source, file, context) : { reason: "it does not have it", isWrong: false };
    }
    case "url":
      return fetchByRoutes(item, source, routesTo(place), file, context);
    default:
      return place satisfies never;
  }
}

/** Waits for no pipe. */
function openToRead(path: string, { size }: PoolItem, signal: AbortSignal): AsyncIterable<Uint8Array> {
  return createReadStream(path, { signal, end: size, highWaterMark: 256 * 1024, flags: NO_WAITING as unknown as string });
}

/** As configured; and after wrong bytes past every cache, directly where that is possible. */
function routesTo({ url, proxy }: { readonly url: string; readonly proxy?: string }): readonly Route[] {
  const direct: Route = { url, isFresh: true };
  return proxy === undefined ? [{ url, isFresh: false }, direct] : [{ url, proxy, isFresh: false }, direct, { url, proxy, isFresh: true }];
}

async function copyFrom(
  bytes: AsyncIterable<Uint8Array>,
  item: PoolItem,
  source: TriedSource,
  file: IncomingFile,
  context: FetchContext,
): Promise<Failure | undefined> {
  await forget(file, context);
  let isTooLong = false;
  try {
    for await (const chunk of bytes) {
      isTooLong = file.size + chunk.byteLength > item.size;
      if (isTooLong) break;
      await file.write(chunk);
      context.onBytes(chunk.byteLength);
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return { reason: "it does not have it", isWrong: false };
    if (isSystemError(error, "EACCES", "EIO", "EISDIR", "ELOOP")) return { reason: `it cannot be read: ${error.message}`, isWrong: false };
    throw error;
  }
  if (!isTooLong && file.digest() === item.sha256 && file.size === item.size) {
    await takeIn(context.pool, item, file);
    return undefined;
  }
  const reason = difference(item, isTooLong ? { size: item.size + 1, more: true } : { sha256: file.digest(), size: file.size });
  await wrong(item, source, { reason }, file, context);
  return { reason: `wrong bytes: ${reason}`, isWrong: true, suspicion: "wrong-bytes" };
}

async function fetchByRoutes(
  item: PoolItem,
  source: TriedSource,
  routes: readonly Route[],
  file: IncomingFile,
  context: FetchContext,
): Promise<Failure | undefined> {
  const reasons: string[] = [];
  let isWrong = false;
  let suspicion: Suspicion | undefined;
  for (const route of routes) {
    const outcome = await tryRoute(item, route, file, context);
    if (outcome.kind === "complete") {
      source.succeeded();
      await takeIn(context.pool, item, file);
      return undefined;
    }
    suspicion ??= outcome.suspicion ?? (outcome.kind === "wrong" ? "wrong-bytes" : undefined);
    reasons.push(route.isFresh ? `${route.proxy === undefined ? "directly" : "past the proxy's cache"}: ${outcome.reason}` : outcome.reason);
    if (outcome.kind === "wrong") {
      if (!isWrong) await wrong(item, source, outcome, file, context);
      await forget(file, context);
      isWrong = true;
    } else if (!isWrong) {
      if ((suspicion && OF_THE_SERVER.has(suspicion)) || (outcome.kind === "broken" && outcome.isUnreachable)) source.failed(outcome.reason);
      break;
    }
  }
  if (isWrong) source.gaveWrongBytes();
  return { reason: `${isWrong ? "wrong bytes: " : ""}${reasons.join("; ")}`, isWrong, ...(suspicion ? { suspicion } : {}) };
}

/** What would be the same for the next item. */
const OF_THE_SERVER = new Set<Suspicion>(["slow-retrieval", "redirect", "wrong-certificate"]);

/** Asks until the item is there, is known to be wrong, or the attempts are used up. */
async function tryRoute(item: PoolItem, route: Route, file: IncomingFile, context: FetchContext): Promise<DownloadOutcome> {
  const { limits, client, onBytes, signal } = context;
  for (let attempt = 1; ; attempt++) {
    // What another server or an earlier process gave may be what is wrong.
    const isResumed = file.size > 0;
    if (file.size > item.size) await forget(file, context);
    const outcome = file.size === item.size ? ({ kind: "complete" } as const) : await client.download(item, route, file, onBytes, signal);
    if (outcome.kind === "complete" && file.digest() !== item.sha256) {
      const reason = difference(item, { sha256: file.digest(), size: file.size });
      await forget(file, context);
      if (!isResumed) return { kind: "wrong", reason };
      continue;
    }
    if (outcome.kind !== "broken") return outcome;
    const pause = pauseAfter(attempt, outcome.isUnreachable, limits);
    if (pause === undefined) return outcome;
    await sleep(Math.min(MAX_PAUSE, outcome.retryAfter ?? pause), undefined, { signal });
  }
}

async function wrong(
  item: PoolItem,
  source: TriedSource,
  { reason, suspicion = "wrong-bytes" }: { readonly reason: string; readonly suspicion?: Suspicion },
  file: IncomingFile,
  context: FetchContext,
): Promise<void> {
  context.onWrongBytes(item, source, reason, suspicion);
  await forget(file, context);
}

async function forget(file: IncomingFile, { onBytes }: FetchContext): Promise<void> {
  if (file.size === 0) return;
  onBytes(-file.size);
  await file.restart();
}
