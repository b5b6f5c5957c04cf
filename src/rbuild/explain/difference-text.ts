import type { ValueDifference } from "./compare-values.ts";
import { valueText } from "./value-text.ts";

const FILE = /^context\.(.+?)(?:\.(content|executable|target|kind))?$/;
const WHAT = { content: "other content", executable: "another executable bit", target: "another target", kind: "another kind" } as const;

/** In which input an image differs, for people: a field of image.yaml, a file beside it, or what it stands on. */
export function differenceText({ field, was, is }: ValueDifference): string {
  const [, path, part] = FILE.exec(field) ?? [];
  if (path !== undefined) {
    if (was === undefined) return `the file ${valueText(path)} is new`;
    if (is === undefined) return `the file ${valueText(path)} is gone`;
    return `the file ${valueText(path)} has ${WHAT[(part ?? "content") as keyof typeof WHAT]}`;
  }
  return `${field.replace(/^definition\./, "")} was ${valueText(was)} and is ${valueText(is)}`;
}
