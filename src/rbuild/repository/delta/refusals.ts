import { RbuildError } from "../../../system/index.ts";

/** A delta, or what it is to be undone with, is another than it was said to be. The blob can be had another way: whole. */
export function refuse(
  what: "wrong-base" | "too-much-memory" | "expands" | "damaged" | "wrong-result",
  message: string,
  details: Readonly<Record<string, unknown>>,
  cause?: unknown,
): RbuildError {
  const category = what === "too-much-memory" ? "unavailable" : "untrusted";
  return new RbuildError(`delta.${what}`, message, { category, details, ...(cause === undefined ? {} : { cause }) });
}
