/** One line of a .dockerignore. */
interface IgnorePattern {
  readonly isException: boolean;
  readonly expression: RegExp;
}

/** Tells whether a path relative to the context's root, with `/` between its parts, is left out. */
export interface IgnoreRules {
  readonly ignores: (path: string) => boolean;
  /** Whether something below an ignored directory may be taken in again. */
  readonly hasExceptions: boolean;
}

export const MAX_IGNORE_BYTES = 1024 * 1024;

/**
 * The rules of .dockerignore as Docker has them: patterns of Go's filepath.Match, `**` for any number of directories, `!` takes in again, the last
 * line that fits decides, and what fits a directory fits everything below it.
 */
export function parseDockerignore(text: string): IgnoreRules {
  const patterns = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => !line.startsWith("#"))
    .flatMap((line) => readPattern(line.trim()) ?? []);
  return {
    hasExceptions: patterns.some(({ isException }) => isException),
    ignores: (path) => {
      let ignored = false;
      for (const { isException, expression } of patterns) if (isException === ignored && fitsPathOrParent(expression, path)) ignored = !isException;
      return ignored;
    },
  };
}

function fitsPathOrParent(expression: RegExp, path: string): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) if (expression.test(path.slice(0, end))) return true;
  return false;
}

function readPattern(line: string): IgnorePattern | undefined {
  const isException = line.startsWith("!");
  const parts: string[] = [];
  for (const part of (isException ? line.slice(1).trim() : line).split("/")) {
    if (part === "..") parts.pop();
    else if (part === "**" && parts.at(-1) === "**") continue;
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.length === 0 ? undefined : { isException, expression: new RegExp(`^${partsExpression(parts)}$`, "s") };
}

function partsExpression(parts: readonly string[]): string {
  return parts
    .map((part, index) => {
      const isLast = index === parts.length - 1;
      if (part === "**") return isLast ? ".*" : "(?:[^/]+/)*";
      return componentExpression(part) + (isLast ? "" : "/");
    })
    .join("");
}

/** Go's filepath.Match of one path component, with `**` inside it as any characters, as a regular expression's source. */
export function componentExpression(pattern: string): string {
  let source = "";
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? "";
    if (character === "*") {
      const isDouble = pattern[at + 1] === "*";
      while (pattern[at + 1] === "*") at++;
      source += isDouble ? ".*" : "[^/]*";
    } else if (character === "?") {
      source += "[^/]";
    } else if (character === "[") {
      const set = readSet(pattern, at);
      source += set?.source ?? "\\[";
      at = set?.end ?? at;
    } else {
      if (character === "\\" && at + 1 < pattern.length) at++;
      source += RegExp.escape(pattern[at] ?? "");
    }
  }
  return source;
}

/** `[abc]`, `[a-z]`, `[^a]`; undefined when it is not closed. */
function readSet(pattern: string, start: number): { readonly source: string; readonly end: number } | undefined {
  let at = start + 1;
  const isNegated = pattern[at] === "^";
  if (isNegated) at++;
  let members = "";
  while (at < pattern.length && pattern[at] !== "]") {
    const take = (): string => pattern[pattern[at] === "\\" ? ++at : at] ?? "";
    const low = take();
    at++;
    let high = low;
    if (pattern[at] === "-" && pattern[at + 1] !== "]") {
      at++;
      high = take();
      at++;
    }
    // A range that runs backwards holds nothing, and would be no regular expression.
    if (low <= high) members += `${RegExp.escape(low)}-${RegExp.escape(high)}`;
  }
  if (at >= pattern.length || members === "") return undefined;
  return { source: `[${isNegated ? "^/" : ""}${members}]`, end: at };
}
