/**
 * The one error class. `code` is stable and documented in docs/errors.md; `category` decides the HTTP status
 * (server/http/status.ts) and, unless a command says otherwise, the exit code (cli/exit-code.ts).
 */
export type ErrorCategory =
  | "invalid" // the caller's input is wrong
  | "not-found"
  | "conflict" // the object exists, is in use, or is in another state
  | "refused" // a policy says no (pin mismatch, dirty tree, release rules)
  | "untrusted" // a digest or signature is not what it must be
  | "unavailable" // the host, a tool or the network is lacking
  | "cancelled"
  | "failed"; // the work itself failed

export interface RbuildErrorOptions {
  readonly category?: ErrorCategory;
  /** The command or action that mends it. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Machine-readable facts for `--json`: ids, paths, numbers. Never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export class RbuildError extends Error {
  override readonly name = "RbuildError";
  readonly code: string;
  readonly category: ErrorCategory;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  /**
   * @param code dotted, lower case: `area.what-happened`, for example `content.digest-mismatch`
   * @param message what happened, to which object, and why, in one sentence
   */
  constructor(code: string, message: string, options: RbuildErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.category = options.category ?? "failed";
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

export function isRbuildError(value: unknown, code?: string): value is RbuildError {
  return value instanceof RbuildError && (code === undefined || value.code === code);
}

/** True for a Node system error, optionally one of the given codes: `isSystemError(e, "ENOENT")`. */
export function isSystemError(value: unknown, ...codes: string[]): value is NodeJS.ErrnoException {
  return value instanceof Error && "code" in value && typeof value.code === "string" && (codes.length === 0 || codes.includes(value.code));
}

/** What went wrong first: an error while something is given back hides the one that it was given back for. */
export function firstError(error: unknown): unknown {
  let first = error;
  while (first instanceof SuppressedError) first = first.suppressed;
  return first;
}
