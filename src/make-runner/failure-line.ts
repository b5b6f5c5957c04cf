/** What make says of a recipe that failed. */
export interface RecipeFailure {
  readonly target: string;
  /** `Makefile:12`. */
  readonly place?: string;
  /** Exit code of the recipe, or the signal that ended it. */
  readonly exitCode?: number;
  readonly signal?: string;
}

// make(1), "*** [file:line: target] Error code"; 128 and more for what a shell saw ended by a signal.
const FAILURE = /^\S*make(?:\[\d+\])?: \*\*\* \[(?:(.+?:\d+): )?(.+?)\] (?:Error (\d+)|(.+?))(?: \(ignored\))?$/;
const NO_RULE = /^\S*make(?:\[\d+\])?: \*\*\* No rule to make target '(.+?)'(?:, needed by '(.+?)')?\./;

/** Reads a line of make's stderr; undefined when it tells no failed recipe. A failure that make ignores is none. */
export function parseFailureLine(line: string): RecipeFailure | undefined {
  if (line.endsWith(" (ignored)")) return undefined;
  const match = FAILURE.exec(line);
  if (!match?.[2]) return undefined;
  const [, place, target, code, signal] = match;
  return { target, ...(place ? { place } : {}), ...(code ? { exitCode: Number(code) } : signal ? { signal } : {}) };
}

/** The target that make has no rule for, and what needs it. */
export function parseNoRuleLine(line: string): { readonly target: string; readonly neededBy?: string } | undefined {
  const match = NO_RULE.exec(line);
  if (!match?.[1]) return undefined;
  return { target: match[1], ...(match[2] ? { neededBy: match[2] } : {}) };
}
