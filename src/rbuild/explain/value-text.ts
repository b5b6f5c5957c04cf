import type { JsonValue } from "../../oci/index.ts";

const MAX_VALUE = 100;

/** A value on one line, for people. */
export function valueText(value: JsonValue | undefined): string {
  if (value === undefined) return "absent";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  const text = typeof value === "string" && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(value) ? value : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}
