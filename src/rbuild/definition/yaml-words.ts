import { isMap, isSeq, type YAMLError } from "yaml";
import type { z } from "zod";

const WANTED: Readonly<Record<string, string>> = {
  string: "text",
  array: "a list",
  object: "fields with values",
  record: "names with values",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

/** What is wrong with a value, for whoever wrote the YAML. @param value as the parser has it, undefined where there is none */
export function issueWords(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === "invalid_key") return issue.issues[0]?.message ?? issue.message;
  const wanted = issue.code === "invalid_type" ? WANTED[issue.expected] : undefined;
  if (wanted === undefined) return issue.message;
  const quotes = issue.code === "invalid_type" && issue.expected === "string" && (typeof value === "number" || typeof value === "boolean");
  return `must be ${wanted}, and is ${kindOf(value)}${quotes ? ": put it in quotes" : ""}`;
}

function kindOf(value: unknown): string {
  if (value === undefined) return "not there";
  if (value === null) return "empty";
  if (isSeq(value)) return "a list";
  if (isMap(value)) return "fields with values";
  return { string: "text", number: "a number", boolean: "true or false" }[typeof value as string] ?? "something else";
}

/** What the parser has against a text. */
export function syntaxWords({ code, message }: YAMLError): string {
  if (code === "MULTIPLE_DOCS") return "a second document begins here, and one is understood";
  return /call stack|Stack overflow/.test(message) ? TOO_DEEP : message;
}

export const TOO_DEEP = "it is nested too deeply";
