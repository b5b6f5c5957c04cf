import type { JsonValue } from "../../oci/index.ts";

const MAX_VALUE = 100;

/** A value on one line, for people. */
export function valueText(value: JsonValue | undefined): string {
  if (value === undefined) return "absent";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}
