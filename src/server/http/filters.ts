import { RbuildError } from "../../system/index.ts";
import type { Query } from "./query.ts";

/** The `filters` parameter: name → values. A thing passes when for every name one of its values fits (labels: all of them). */
export type Filters = ReadonlyMap<string, readonly string[]>;

const MAX_FILTERS_LENGTH = 1024 * 1024;

/**
 * Reads both forms clients send, `{"label":["a"]}` and `{"label":{"a":true}}`.
 * @throws RbuildError `server.filter-invalid` also for names that are not in `known`
 */
export function readFilters(query: Query, known: readonly string[]): Filters {
  const text = query.text("filters");
  const filters = new Map<string, readonly string[]>();
  if (text === undefined) return filters;
  const parsed = text.length > MAX_FILTERS_LENGTH ? undefined : parse(text);
  if (parsed === undefined || parsed === null || typeof parsed !== "object" || Array.isArray(parsed)) {
    throw filterInvalid("the filters are not a JSON object of filter names");
  }
  for (const [name, values] of Object.entries(parsed)) {
    if (!known.includes(name)) throw filterInvalid(`Invalid filter '${name}'`);
    const list = valuesOf(values);
    if (!list) throw filterInvalid(`the values of the filter ${name} are neither an array nor an object of texts`);
    if (list.length > 0) filters.set(name, list);
  }
  return filters;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function valuesOf(values: unknown): string[] | undefined {
  if (Array.isArray(values)) return values.every((value) => typeof value === "string") ? values : undefined;
  if (values === null || typeof values !== "object") return undefined;
  return Object.entries(values).flatMap(([value, set]) => (set === true ? [value] : []));
}

/** True when no such filter was given or one of its values passes. */
export function anyOf(filters: Filters, name: string, test: (value: string) => boolean): boolean {
  const values = filters.get(name);
  return values === undefined || values.some(test);
}

/** `key` or `key=value`, every one of which the labels must have; `name` may also be `label!`, none of which they may have. */
export function labelsPass(filters: Filters, labels: Readonly<Record<string, string>>): boolean {
  const has = (filter: string) => {
    const at = filter.indexOf("=");
    return at === -1 ? labels[filter] !== undefined : labels[filter.slice(0, at)] === filter.slice(at + 1);
  };
  return (filters.get("label") ?? []).every(has) && !(filters.get("label!") ?? []).some(has);
}

/** A filter that is one truth value. @throws RbuildError `server.filter-invalid` */
export function flagFilter(filters: Filters, name: string): boolean | undefined {
  const value = filters.get(name)?.[0];
  if (value === undefined) return undefined;
  if (["true", "1", "True", "TRUE", "t"].includes(value)) return true;
  if (["false", "0", "False", "FALSE", "f"].includes(value)) return false;
  throw filterInvalid(`invalid filter '${name}=${value}'`);
}

export function filterInvalid(message: string): RbuildError {
  return new RbuildError("server.filter-invalid", message.slice(0, 500), { category: "invalid" });
}
