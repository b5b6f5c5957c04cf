import { RbuildError } from "../../system/index.ts";

/** Why something is not trusted: named for the attack it looks like. docs/threat-model.md, docs/errors.md. */
export type TrustCode = `trust.${string}`;

/** A verdict: what was examined is not accepted. Nothing was kept of it. */
export interface Refusal {
  readonly kind: "refused";
  readonly code: TrustCode;
  /** What was refused, and why, in one sentence. */
  readonly message: string;
  readonly hint?: string;
  /** Facts for `--json`. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export function refusal(code: TrustCode, message: string, more: Pick<Refusal, "hint" | "details"> = {}): Refusal {
  return { kind: "refused", code, message, ...more };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "refused";
}

/** For callers that cannot go on without what was refused: exit code 5. */
export function refusalError(refused: Refusal): RbuildError {
  return new RbuildError(refused.code, refused.message, {
    category: "untrusted",
    ...(refused.hint === undefined ? {} : { hint: refused.hint }),
    ...(refused.details === undefined ? {} : { details: refused.details }),
  });
}

/** The value, unless it was refused. @throws RbuildError with the refusal's code */
export function accepted<T>(result: T | Refusal): T {
  if (isRefusal(result)) throw refusalError(result);
  return result;
}
