import { type Got, RequestError, type Response } from "got";
import { isSystemError } from "../../system/index.ts";
import { certificateProblem, connectionProblem, isBrokenOff, isWrongCertificate, suspicionOf } from "./connection-errors.ts";
import type { FetchLimits } from "./fetch-limits.ts";
import { type MayFollow, openConnections } from "./http-connections.ts";
import type { IncomingFile } from "./incoming-file.ts";
import type { PoolItem } from "./pool.ts";
import { difference } from "./pool-errors.ts";
import { redactUrl } from "./source-places.ts";

/** One way to a server. */
export interface Route {
  readonly url: string;
  readonly proxy?: string;
  /** No cache on the way may answer. */
  readonly isFresh: boolean;
}

/** The attack that an answer looks like, where it is more than a server that does not work. */
export type Suspicion =
  | "wrong-bytes"
  | "endless-data"
  | "short-file"
  | "slow-retrieval"
  | "redirect"
  | "malformed-answer"
  | "wrong-certificate"
  | "captive-portal";

/** How a request ended. Reasons are for people. */
export type DownloadOutcome = { readonly suspicion?: Suspicion } /** As many bytes as the item has. */ & (
  | { readonly kind: "complete" }
  /** What this server has there is something else. */
  | { readonly kind: "wrong"; readonly reason: string }
  /** It has nothing there, or does not give it. */
  | { readonly kind: "absent"; readonly reason: string }
  /** It may do better when it is asked again. */
  | { readonly kind: "broken"; readonly reason: string; readonly isUnreachable: boolean; readonly retryAfter?: number }
);

/** Connections of one fill, reused from item to item. */
export interface HttpClient extends Disposable {
  /**
   * Asks once for what the file does not have yet, and writes it there; never more than the item's size is taken.
   * @param onBytes bytes that came, negative when what was there is dropped
   * @throws RbuildError `pool.no-space`, or the signal's reason
   */
  download(item: PoolItem, route: Route, file: IncomingFile, onBytes: (count: number) => void, signal: AbortSignal): Promise<DownloadOutcome>;
}

/** @param mayFollow default: wherever redirects lead, five at most in a row */
export function openHttpClient(limits: FetchLimits, mayFollow?: MayFollow): HttpClient {
  const connections = openConnections(limits, mayFollow);
  return {
    async download(item, route, file, onBytes, signal) {
      const unusable = whyUnusable(route);
      if (unusable !== undefined) return { kind: "absent", reason: unusable };
      return download(item, route, file, onBytes, signal, connections.client(route.proxy), limits);
    },
    [Symbol.dispose]: () => connections[Symbol.dispose](),
  };
}

/** What Node's own HTTP cannot do, such as SOCKS. */
function whyUnusable({ url, proxy }: Route): string | undefined {
  const isHttp = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (!isHttp(url)) return `${redactUrl(url)} is no http or https URL`;
  if (proxy !== undefined && !isHttp(proxy)) return `its proxy ${redactUrl(proxy)} is no http or https URL`;
  return undefined;
}

async function download(
  item: PoolItem,
  { url, isFresh }: Route,
  file: IncomingFile,
  onBytes: (count: number) => void,
  signal: AbortSignal,
  client: Got,
  limits: FetchLimits,
): Promise<DownloadOutcome> {
  signal.throwIfAborted();
  const stop = new AbortController();
  const validator = file.origin?.url === url ? file.origin.validator : undefined;
  const headers = {
    ...(isFresh ? { "cache-control": "no-cache", pragma: "no-cache" } : {}),
    ...(file.size > 0 ? { range: `bytes=${file.size}-` } : {}),
    ...(file.size > 0 && validator !== undefined ? { "if-range": validator } : {}),
  };
  const request = client.stream(url, { headers, signal: AbortSignal.any([signal, stop.signal]) });
  try {
    const response = await new Promise<Response>((resolve, reject) => request.once("response", resolve).on("error", reject));
    const restart = async (): Promise<void> => {
      onBytes(-file.size);
      await file.restart();
    };
    const refusal = await judge(item, response, file, restart);
    if (refusal) return refusal;
    const current = strongValidator(response);
    file.origin = current === undefined ? undefined : { url, validator: current };
    using _watch = watchRate(
      () => file.size,
      limits,
      (reason) => stop.abort(new SlowServer(reason)),
    );
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      if (file.size + chunk.byteLength > item.size)
        return { kind: "wrong", reason: difference(item, { size: item.size + 1, more: true }), suspicion: "endless-data" };
      await file.write(chunk);
      onBytes(chunk.byteLength);
    }
    if (file.size === item.size) return { kind: "complete" };
    return { kind: "broken", reason: `the answer ended after ${file.size} of ${item.size} bytes`, isUnreachable: false, suspicion: "short-file" };
  } catch (error) {
    signal.throwIfAborted();
    if (stop.signal.aborted) return { kind: "broken", reason: (stop.signal.reason as SlowServer).message, isUnreachable: false, suspicion: "slow-retrieval" };
    if (error instanceof RequestError || isSystemError(error, "ERR_STREAM_PREMATURE_CLOSE")) {
      if (isWrongCertificate(error)) return { kind: "absent", reason: certificateProblem(error), suspicion: "wrong-certificate" };
      const suspicion = suspicionOf(error) ?? (request.response !== undefined && isBrokenOff(error) ? "short-file" : undefined);
      return {
        ...(suspicion ? { suspicion } : {}),
        kind: "broken",
        reason: connectionProblem(error),
        isUnreachable: request.response === undefined,
      };
    }
    throw error;
  } finally {
    request.destroy();
  }
}

class SlowServer extends Error {}

/** What the head of an answer says already; undefined when its body is to be read. */
async function judge(item: PoolItem, response: Response, file: IncomingFile, restart: () => Promise<void>): Promise<DownloadOutcome | undefined> {
  const { statusCode, headers } = response;
  const status = `it answers ${statusCode}${response.statusMessage ? ` ${response.statusMessage}` : ""}`;
  if (statusCode === 206) {
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
    if (Number(start) === file.size && (total === "*" || Number(total) === item.size)) return undefined;
    await restart();
    return { kind: "broken", reason: `it answers a range that was not asked for: ${headers["content-range"] ?? "none"}`, isUnreachable: false };
  }
  if (statusCode === 416) {
    await restart();
    return { kind: "broken", reason: status, isUnreachable: false };
  }
  if (statusCode === 511) return { kind: "absent", reason: `${status}: the network wants somebody to log in`, suspicion: "captive-portal" };
  if (statusCode === 200) {
    if (file.size > 0) await restart();
    const length = headers["content-length"];
    if (Number(length) === item.size) return undefined;
    // No file that is fetched by its digest is a web page.
    if (/^\s*text\/html/i.test(headers["content-type"] ?? "")) return { kind: "wrong", reason: "a web page comes in its place", suspicion: "captive-portal" };
    if (length === undefined) return undefined;
    return { kind: "wrong", reason: difference(item, { size: Number(length) }), suspicion: Number(length) > item.size ? "endless-data" : "short-file" };
  }
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined)
    return { kind: "absent", reason: `it sends elsewhere: ${redactUrl(headers.location.slice(0, 200))}`, suspicion: "redirect" };
  if (statusCode !== 408 && statusCode !== 425 && statusCode !== 429 && statusCode < 500) return { kind: "absent", reason: status };
  const retryAfter = Number(headers["retry-after"]) * 1000;
  return { kind: "broken", reason: status, isUnreachable: statusCode === 502 || statusCode === 504, ...(retryAfter > 0 ? { retryAfter } : {}) };
}

/** RFC 9110, 13.1.5: only a strong validator may stand in If-Range. */
function strongValidator({ headers }: Response): string | undefined {
  return headers.etag?.startsWith('"') ? headers.etag : headers["last-modified"];
}

/** Calls `tooSlow` when too little came. While this process was stopped, or at other things, nobody could see what came: that time does not count. */
export function watchRate(
  received: () => number,
  { minimumRate, window }: Pick<FetchLimits, "minimumRate" | "window">,
  tooSlow: (reason: string) => void,
): Disposable {
  let [before, since] = [received(), performance.now()];
  const look = () => {
    const [count, now] = [received(), performance.now()];
    const [rate, isLate] = [((count - before) * 1000) / (now - since), now - since > 1.5 * window];
    [before, since] = [count, now];
    if (!isLate && rate < minimumRate) tooSlow(`it gives ${Math.round(rate)} bytes a second, less than ${minimumRate}`);
  };
  let turn: NodeJS.Immediate | undefined;
  // after a turn, in which what waits is read
  const timer = setInterval(() => {
    turn = setImmediate(look);
  }, window);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      clearImmediate(turn);
    },
  };
}
