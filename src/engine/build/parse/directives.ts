import type { EscapeCharacter } from "./ast.ts";
import { syntaxError } from "./syntax-error.ts";

const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=(.+)$/;
const KNOWN = new Set(["escape", "syntax", "check"]);

/**
 * Parser directives: the comments `# name=value` before anything else. Only `escape` has an effect here; `syntax` and
 * `check` name a front end and its checks, of which this builder has one.
 */
export function readDirectives(lines: readonly string[], file: string): { readonly escape: EscapeCharacter; readonly count: number } {
  const seen = new Set<string>();
  let escape: EscapeCharacter = "\\";
  let count = 0;
  for (const line of lines) {
    const [, name, text] = DIRECTIVE.exec(line) ?? [];
    const value = text?.trim();
    const directive = name?.toLowerCase();
    if (directive === undefined || !KNOWN.has(directive)) break;
    const place = { file, line: count + 1, column: 1 };
    if (seen.has(directive)) throw syntaxError(place, `the parser directive ${directive} is given twice`);
    seen.add(directive);
    if (directive === "escape") {
      if (value !== "\\" && value !== "`") throw syntaxError(place, `escape must be \\ or \`, not ${JSON.stringify(value)}`);
      escape = value;
    }
    count++;
  }
  return { escape, count };
}
