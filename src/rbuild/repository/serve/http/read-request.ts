import type { IncomingMessage } from "node:http";
import { MAX_TARGET_BYTES } from "../limits.ts";
import { type Answer, type Asked, textAnswer } from "./answer.ts";

export type ReadRequest = { readonly kind: "asked"; readonly asked: Asked } | { readonly kind: "refused"; readonly answer: Answer; readonly isLast: boolean };

/**
 * What a request asks for. Framing is Node's parser's, in its strict mode; here is refused what could be read in two ways by whoever
 * stands between: a body, two hosts. RFC 9112, 3.2 and 6.
 */
export function readRequest({ method, url = "", headers, rawHeaders }: IncomingMessage): ReadRequest {
  if (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0) return refused(400, "requests have no body here", true);
  if (hasTwoHosts(rawHeaders)) return refused(400, "one Host header is enough", true);
  if (method !== "GET" && method !== "HEAD") return refused(405, "this server only gives", false, { Allow: "GET, HEAD" });
  if (headers.expect !== undefined) return refused(417, "nothing is expected of requests without a body", true);
  if (url.length > MAX_TARGET_BYTES) return refused(414, "no path here is that long", false);
  const target = /^http:\/\//i.test(url) ? url.replace(/^http:\/\/[^/?#]*/i, "") : url;
  const [path = "", query = ""] = splitOnce(target.startsWith("?") || target === "" ? `/${target}` : target);
  if (!path.startsWith("/") || !/^[\x21-\x7e]+$/.test(path)) return refused(400, "this is no path", false);
  return { kind: "asked", asked: { method, path, query, headers } };
}

/** @param raw names and values in turn */
function hasTwoHosts(raw: readonly string[]): boolean {
  let hosts = 0;
  for (let index = 0; index < raw.length; index += 2) if (raw[index]?.length === 4 && raw[index]?.toLowerCase() === "host") hosts++;
  return hosts > 1;
}

function refused(status: number, text: string, isLast: boolean, headers: Readonly<Record<string, string>> = {}): ReadRequest {
  return { kind: "refused", answer: textAnswer(status, text, headers), isLast };
}

function splitOnce(target: string): readonly string[] {
  const mark = target.indexOf("?");
  return mark === -1 ? [target] : [target.slice(0, mark), target.slice(mark + 1)];
}
