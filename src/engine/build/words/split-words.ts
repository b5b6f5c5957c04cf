import type { EscapeCharacter } from "../parse/ast.ts";

/** Words separated by white space, where quotes and the escape character hold a word together. Both stay in the words. */
export function splitWords(text: string, escape: EscapeCharacter): readonly string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (quote === "" && /\s/.test(character)) {
      if (word !== "") words.push(word);
      word = "";
    } else if (character === escape && quote !== "'" && at + 1 < text.length) {
      word += character + (text[++at] ?? "");
    } else {
      if (quote === "" && (character === '"' || character === "'")) quote = character;
      else if (character === quote) quote = "";
      word += character;
    }
  }
  if (word !== "") words.push(word);
  return words;
}
