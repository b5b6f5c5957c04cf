import type { EscapeCharacter } from "../parse/ast.ts";
import { splitWords } from "./split-words.ts";

/** A pair as written: quotes, escapes and variables still in it. */
export interface NameValue {
  readonly name: string;
  readonly value: string;
}

/** `name=value …`, or the old form `name value with spaces`. Undefined when it is neither. */
export function readNameValues(text: string, escape: EscapeCharacter): readonly NameValue[] | undefined {
  const words = splitWords(text, escape);
  const [first] = words;
  if (first === undefined) return undefined;
  if (!first.includes("=")) {
    const value = text.slice(text.indexOf(first) + first.length).trim();
    return value === "" ? undefined : [{ name: first, value }];
  }
  const pairs = words.map((word) => ({ name: word.slice(0, word.indexOf("=")), value: word.slice(word.indexOf("=") + 1) }));
  return words.every((word) => word.indexOf("=") > 0) ? pairs : undefined;
}
