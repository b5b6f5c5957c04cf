import { stripControl } from "../../system/index.ts";

/** Longest line the views keep; terminals are narrower and nobody reads further. */
const MAX_LINE_LENGTH = 2000;

/** One line of text from outside, safe to write to a terminal: no control characters, tabs as spaces, of bounded length. */
export function cleanLine(text: string): string {
  const bounded = text.length > MAX_LINE_LENGTH ? `${text.slice(0, MAX_LINE_LENGTH)}…` : text;
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f-\u009f]/.test(bounded) ? stripControl(bounded).replace(/[\n\t]/g, " ") : bounded;
}
