import { splitWords } from "../words/split-words.ts";
import type { EscapeCharacter, Heredoc } from "./ast.ts";

/** Keywords whose arguments may hold here-documents. */
export const HEREDOC_KEYWORDS: ReadonlySet<string> = new Set(["RUN", "COPY", "ADD"]);

const OPENING = /^\d*<<(-?)(["']?)([a-zA-Z_][a-zA-Z0-9_.-]*)\2$/;

export type HeredocOpening = Omit<Heredoc, "content">;

/** The here-documents a line opens, in order. */
export function heredocOpenings(text: string, escape: EscapeCharacter): readonly HeredocOpening[] {
  return splitWords(text, escape).flatMap((word) => {
    const [, dash, quote, name] = OPENING.exec(word) ?? [];
    return name === undefined ? [] : [{ name, expand: quote === "", stripTabs: dash === "-" }];
  });
}

export const isHeredocWord = (word: string): boolean => OPENING.test(word);

/** Reads one body from physical line `start` on. Undefined when its end is missing. */
export function readHeredoc(
  lines: readonly string[],
  start: number,
  opening: HeredocOpening,
): { readonly heredoc: Heredoc; readonly next: number } | undefined {
  let content = "";
  for (let index = start; index < lines.length; index++) {
    const line = opening.stripTabs ? (lines[index] ?? "").replace(/^\t+/, "") : (lines[index] ?? "");
    if (line === opening.name) return { heredoc: { ...opening, content }, next: index + 1 };
    content += `${line}\n`;
  }
  return undefined;
}
