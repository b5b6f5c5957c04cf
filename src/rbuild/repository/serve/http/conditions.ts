import type { IncomingHttpHeaders } from "node:http";

export type Condition = "met" | "not-modified" | "failed";

/** `If-Match` and `If-None-Match` against a strong entity tag: RFC 9110, 13.2.2. No file has a date, so headers with dates say nothing here. */
export function judgeConditions(headers: IncomingHttpHeaders, etag: string): Condition {
  const [wanted, known] = [headers["if-match"], headers["if-none-match"]];
  if (wanted !== undefined && !names(wanted, etag)) return "failed";
  return known !== undefined && names(known.replaceAll(/(^|,)(\s*)W\//g, "$1$2"), etag) ? "not-modified" : "met";
}

/** Whether a range may be given of a file with this tag: RFC 9110, 13.1.5. A date never fits. */
export function isRangeAllowed(headers: IncomingHttpHeaders, etag: string): boolean {
  const condition = headers["if-range"];
  return condition === undefined || (typeof condition === "string" && condition.trim() === etag);
}

function names(list: string, etag: string): boolean {
  return list.split(",").some((entry) => entry.trim() === "*" || entry.trim() === etag);
}
