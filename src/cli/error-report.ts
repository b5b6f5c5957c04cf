import { inspect } from "node:util";
import { CommanderError } from "commander";
import { type ErrorCategory, isRbuildError, isSystemError, redact, stripControl } from "../system/index.ts";
import { describeSystemError } from "./system-error.ts";

/** An error as it is shown: to people by `printError`, as the last line with `--json`. */
export interface ErrorReport {
  readonly code: string;
  readonly category: ErrorCategory;
  readonly message: string;
  readonly hint?: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** Messages of what lay behind it, nearest first. */
  readonly causes: readonly string[];
  /** For `--verbose` alone. */
  readonly stack?: string;
}

const CATEGORIES: ReadonlySet<string> = new Set<ErrorCategory>([
  "invalid",
  "not-found",
  "conflict",
  "refused",
  "untrusted",
  "unavailable",
  "cancelled",
  "failed",
]);
const MAX_CAUSES = 10;

/**
 * Anything thrown, as a report without secrets and control characters.
 * @param command what was called, such as `image build`: its help is the hint of a usage error
 */
export function reportOf(error: unknown, command: string): ErrorReport {
  const report = error instanceof CommanderError ? usageError(error, command) : classify(error);
  return {
    ...report,
    message: clean(report.message),
    ...(report.hint === undefined ? {} : { hint: clean(report.hint) }),
    causes: causesOf(error).map(clean),
    ...(error instanceof Error && error.stack !== undefined ? { stack: clean(error.stack) } : {}),
  };
}

type Classified = Omit<ErrorReport, "causes" | "stack">;

function classify(error: unknown): Classified {
  if (isRbuildError(error)) {
    const { code, category, message, hint, details } = error;
    return { code, category, message, ...(hint === undefined ? {} : { hint }), details };
  }
  if (isEngineAnswer(error)) return engineAnswer(error);
  if (isSystemError(error) && error.syscall !== undefined) {
    const { code, isOfHost, message, hint } = describeSystemError(error);
    const { syscall, path } = error;
    const mend = hint === undefined ? {} : { hint };
    return { code: `system.${code.toLowerCase()}`, category: isOfHost ? "unavailable" : "failed", message, ...mend, details: { syscall, path } };
  }
  if (error instanceof Error && "code" in error && "category" in error && CATEGORIES.has(String(error.category))) {
    return { code: String(error.code), category: error.category as ErrorCategory, message: error.message, details: {} };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
  return { code: "internal.error", category: "failed", message, hint: "this is a fault of rbuild: report it with what --verbose prints", details: {} };
}

function usageError(error: CommanderError, command: string): Classified {
  const message = error.message.replace(/^error: /, "").replaceAll("command-argument value", "value");
  return { code: "cli.usage", category: "invalid", message, hint: `rbuild ${command} --help`.replace("  ", " "), details: {} };
}

/** What a dockerode client throws for an HTTP status that is no success. The embedded engine's answers carry its own code and hint. */
interface EngineAnswer extends Error {
  readonly statusCode: number;
  readonly json?: unknown;
}

function isEngineAnswer(error: unknown): error is EngineAnswer {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number";
}

function engineAnswer(error: EngineAnswer): Classified {
  const body = typeof error.json === "object" && error.json !== null ? (error.json as Readonly<Record<string, unknown>>) : {};
  const text = (key: string) => (typeof body[key] === "string" ? body[key] : undefined);
  const hint = text("hint");
  return {
    code: text("code") ?? `engine.answered-${error.statusCode}`,
    category: categoryOfStatus(error.statusCode),
    message: text("message") ?? error.message,
    ...(hint === undefined ? {} : { hint }),
    details: { statusCode: error.statusCode },
  };
}

function categoryOfStatus(status: number): ErrorCategory {
  if (status === 404) return "not-found";
  if (status === 409) return "conflict";
  if (status === 403) return "refused";
  if (status === 503 || status === 507) return "unavailable";
  return status >= 400 && status < 500 ? "invalid" : "failed";
}

function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  let next = error instanceof Error ? error.cause : undefined;
  while (next !== undefined && causes.length < MAX_CAUSES) {
    causes.push(isRbuildError(next) ? `${next.message} [${next.code}]` : next instanceof Error ? next.message : inspect(next));
    next = next instanceof Error ? next.cause : undefined;
  }
  return causes;
}

function clean(text: string): string {
  return redact(stripControl(text));
}
