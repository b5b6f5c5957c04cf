import { isNode, LineCounter, type Node, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { issueWords, syntaxWords, TOO_DEEP } from "./yaml-words.ts";

/** What is wrong in a YAML file, and where. Lines and columns count from 1. */
export interface YamlProblem {
  readonly line: number;
  readonly column: number;
  /** Dotted path of the field, empty for the whole file. */
  readonly field: string;
  readonly message: string;
}

export type ParsedYaml<T> = { readonly kind: "valid"; readonly value: T } | { readonly kind: "invalid"; readonly problems: readonly YamlProblem[] };

/** More than a person mends at once. */
const MAX_PROBLEMS = 20;

/** YAML 1.2 that a schema accepts, or the first faults in it with their lines. */
export function parseYaml<T>(text: string, schema: z.ZodType<T>): ParsedYaml<T> {
  try {
    const parsed = parseShallow(text, schema);
    if (parsed.kind === "valid") return parsed;
    // What the parser says besides follows from that.
    const tooDeep = parsed.problems.find(({ message }) => message === TOO_DEEP);
    return { kind: "invalid", problems: tooDeep ? [tooDeep] : parsed.problems.slice(0, MAX_PROBLEMS) };
  } catch (error) {
    // The parser goes down by recursion, as deep as the stack is.
    if (!(error instanceof RangeError)) throw error;
    return { kind: "invalid", problems: [{ line: 1, column: 1, field: "", message: TOO_DEEP }] };
  }
}

function parseShallow<T>(text: string, schema: z.ZodType<T>): ParsedYaml<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, merge: false, logLevel: "error" });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return { kind: "invalid", problems: faults.map((fault) => ({ ...placeOf(fault.pos[0]), field: "", message: syntaxWords(fault) })) };
  }
  let alias: number | undefined;
  visit(document, { Alias: (_key, node) => void (alias ??= node.range?.[0] ?? 0) });
  if (alias !== undefined) return { kind: "invalid", problems: [{ ...placeOf(alias), field: "", message: "aliases are not understood here" }] };
  const result = schema.safeParse(document.toJS());
  if (result.success) return { kind: "valid", value: result.data };
  const problems = result.error.issues.flatMap((issue): YamlProblem[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => at([...issue.path, key], "is no field known here"));
    }
    return [at(issue.path, issueWords(issue, issue.path.length === 0 ? document.contents : document.getIn(issue.path)))];
  });
  return { kind: "invalid", problems };

  function at(path: readonly PropertyKey[], message: string): YamlProblem {
    return { ...nodePlace(path), field: path.map(String).join("."), message };
  }

  /** The place of the field's value, or of the nearest thing around it that is there. */
  function nodePlace(path: readonly PropertyKey[]): { line: number; column: number } {
    for (let length = path.length; length >= 0; length--) {
      const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      if (isNode(node) && (node as Node).range) return placeOf((node as Node).range?.[0] ?? 0);
    }
    return { line: 1, column: 1 };
  }

  function placeOf(offset: number): { line: number; column: number } {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}
