import type { EscapeCharacter } from "./ast.ts";

export interface RawFlag {
  readonly name: string;
  readonly value?: string;
  /** In the text that was read. */
  readonly offset: number;
}

/**
 * The words `--name[=value]` a text begins with, and what comes after them. Quotes in a value hold it together and vanish;
 * a word `--` ends the flags.
 */
export function readFlags(text: string, escape: EscapeCharacter): { readonly flags: readonly RawFlag[]; readonly restOffset: number } {
  const flags: RawFlag[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && /\s/.test(text[at] ?? "")) at++;
    if (!text.startsWith("--", at)) return { flags, restOffset: at };
    const offset = at;
    let word = "";
    let quote = "";
    for (; at < text.length; at++) {
      const character = text[at] ?? "";
      if (quote === "" && /\s/.test(character)) break;
      if (quote === "" && (character === '"' || character === "'")) quote = character;
      else if (character === quote) quote = "";
      else if (character === escape && quote !== "'" && at + 1 < text.length) word += text[++at] ?? "";
      else word += character;
    }
    if (word === "--") {
      while (at < text.length && /\s/.test(text[at] ?? "")) at++;
      return { flags, restOffset: at };
    }
    const equals = word.indexOf("=");
    flags.push(equals === -1 ? { name: word.slice(2), offset } : { name: word.slice(2, equals), value: word.slice(equals + 1), offset });
  }
}
