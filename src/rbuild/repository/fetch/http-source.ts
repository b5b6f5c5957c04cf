import { setTimeout as sleep } from "node:timers/promises";
import { type Got, RequestError, type Response } from "got";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import { certificateProblem, connectionProblem, isWrongCertificate, suspicionOf } from "../../pool/connection-errors.ts";
import { watchRate } from "../../pool/download.ts";
import { type FetchLimits, pauseAfter } from "../../pool/fetch-limits.ts";
import type { Connections } from "../../pool/http-connections.ts";
import { redactUrl } from "../../pool/source-places.ts";
import type { MetadataSource, Received } from "../../trust/index.ts";
import type { RepositoryPlace } from "./repository-place.ts";
import { suspicious, unreachable } from "./transfer-errors.ts";

interface HttpSourceOptions {
  readonly connections: Connections;
  readonly limits: FetchLimits;
  readonly signal: AbortSignal | undefined;
}

/**
 * A repository's metadata from a web server. Reading throws RbuildError `repository.unreachable`, `trust.redirect`, `trust.captive-portal`,
 * `trust.slow-retrieval`, `trust.malformed-answer`.
 */
export function openHttpSource(place: RepositoryPlace & { readonly kind: "http" }, { connections, limits, signal }: HttpSourceOptions): MetadataSource {
  const client = connections.client(place.proxy);
  const name = redactUrl(place.url);
  return {
    name,
    async read(path, maxBytes) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await readOnce(client, { url: `${place.url}/${path}`, what: `${path} of ${name}`, maxBytes }, limits, signal);
        } catch (error) {
          signal?.throwIfAborted();
          if (!(error instanceof PassingFailure)) throw error;
          const pause = pauseAfter(attempt, error.isUnreachable, limits);
          if (pause === undefined) throw unreachable(name, error.message, error);
          await sleep(pause, undefined, signal ? { signal } : {});
        }
      }
    },
  };
}

/** It may be better when it is asked again. */
class PassingFailure extends Error {
  readonly isUnreachable: boolean;
  constructor(message: string, isUnreachable: boolean) {
    super(message);
    this.isUnreachable = isUnreachable;
  }
}

interface Wanted {
  readonly url: string;
  readonly what: string;
  readonly maxBytes: number;
}

async function readOnce(client: Got, { url, what, maxBytes }: Wanted, limits: FetchLimits, signal: AbortSignal | undefined): Promise<Received> {
  const stop = new AbortController();
  const request = client.stream(url, {
    headers: { "cache-control": "no-cache", pragma: "no-cache" },
    signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal,
  });
  let size = 0;
  try {
    const response = await new Promise<Response>((resolve, reject) => request.once("response", resolve).on("error", reject));
    const judged = judge(response, what, maxBytes);
    if (judged) return judged;
    using _watch = watchRate(
      () => size,
      limits,
      (reason) => stop.abort(suspicious("slow-retrieval", `${what} comes too slowly: ${reason}`)),
    );
    const chunks: Uint8Array[] = [];
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      size += chunk.byteLength;
      if (size > maxBytes) return { kind: "too-large" };
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks);
    if (isPage(bytes)) throw captivePortal(what);
    return { kind: "bytes", bytes: new Uint8Array(bytes) };
  } catch (error) {
    signal?.throwIfAborted();
    if (stop.signal.aborted) throw stop.signal.reason;
    if (!(error instanceof RequestError) && !isSystemError(error, "ERR_STREAM_PREMATURE_CLOSE")) throw error;
    if (isWrongCertificate(error)) throw suspicious("wrong-certificate", `${what} is not asked for: ${certificateProblem(error)}`);
    const suspicion = suspicionOf(error);
    if (suspicion) throw suspicious(suspicion, `${what} cannot be read: ${redactUrl(error.message)}`);
    throw new PassingFailure(connectionProblem(error), request.response === undefined);
  } finally {
    request.destroy();
  }
}

/** What the head of an answer says already; undefined when its body is to be read. */
function judge({ statusCode, headers }: Response, what: string, maxBytes: number): Received | undefined {
  const status = `it answers ${statusCode} for ${what}`;
  if (statusCode === 200) {
    if (/^\s*(?:text\/html|application\/xhtml)/i.test(headers["content-type"] ?? "")) throw captivePortal(what);
    return Number(headers["content-length"]) > maxBytes ? { kind: "too-large" } : undefined;
  }
  if (statusCode === 403 || statusCode === 404 || statusCode === 410) return { kind: "absent" };
  if (statusCode === 511) throw captivePortal(what);
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined)
    throw suspicious("redirect", `${what} is said to be elsewhere: ${redactUrl(headers.location.slice(0, 200))}`);
  if (statusCode < 300) throw suspicious("malformed-answer", `${status}, which was not asked for`);
  throw new PassingFailure(status, statusCode < 500 && statusCode !== 408 && statusCode !== 425 && statusCode !== 429);
}

/** No metadata and no armour begins like this. */
function isPage(bytes: Uint8Array): boolean {
  return /^(?:\u00ef\u00bb\u00bf)?\s*<(?:!doctype|!--|\?xml|html|head|body|script|meta|title)/i.test(Buffer.from(bytes.subarray(0, 512)).toString("latin1"));
}

function captivePortal(what: string): RbuildError {
  return suspicious("captive-portal", `in the place of ${what} there is a web page: a captive portal or a filter answers instead of the repository`);
}
