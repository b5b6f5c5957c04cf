import { canonicalJson, type JsonValue } from "../../oci/index.ts";

/** One place where two values differ. `was` or `is` is undefined where there is nothing at that place. */
export interface ValueDifference {
  /** Dotted path; an element of a list by its name or index: `suites.0.suite`, `packages.bash`. Empty for the values themselves. */
  readonly field: string;
  readonly was: JsonValue | undefined;
  readonly is: JsonValue | undefined;
}

type JsonObject = { readonly [key: string]: JsonValue | undefined };

/**
 * Every leaf in which two values differ, members of objects in the order of their keys' bytes. Elements of lists are compared by their
 * names where they have any, so that one which was put in does not shift the others; else by position.
 */
export function compareValues(was: JsonValue | undefined, is: JsonValue | undefined, field = ""): ValueDifference[] {
  if (isSame(was, is)) return [];
  if (isList(was) && isList(is)) return compareLists(was, is, field);
  if (isObject(was) && isObject(is)) {
    const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort((left, right) => (left < right ? -1 : 1));
    return keys.flatMap((key) => compareValues(was[key], is[key], below(field, key)));
  }
  return [{ field, was, is }];
}

function compareLists(was: readonly JsonValue[], is: readonly JsonValue[], field: string): ValueDifference[] {
  const [before, after] = [byName(was), byName(is)];
  if (!before || !after)
    return Array.from({ length: Math.max(was.length, is.length) }, (_, at) => compareValues(was[at], is[at], below(field, String(at)))).flat();
  const differences = [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => compareValues(before.get(name), after.get(name), below(field, name)));
  // The same elements in another order.
  return differences.length === 0 ? [{ field, was, is }] : differences;
}

/** Undefined when an element has no name, or two have one. */
function byName(list: readonly JsonValue[]): Map<string, JsonValue> | undefined {
  const named = new Map(list.flatMap((element) => (nameOf(element) === undefined ? [] : [[nameOf(element) as string, element]])));
  return named.size === list.length ? named : undefined;
}

/** A text stands for itself. */
function nameOf(element: JsonValue): string | undefined {
  if (typeof element === "string") return element;
  if (!isObject(element)) return undefined;
  const name = element["name"] ?? element["path"];
  return typeof name === "string" ? name : undefined;
}

const below = (field: string, key: string): string => (field === "" ? key : `${field}.${key}`);
const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
const isObject = (value: JsonValue | undefined): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

function isSame(was: JsonValue | undefined, is: JsonValue | undefined): boolean {
  if (was === undefined || is === undefined) return was === is;
  return canonicalJson(was) === canonicalJson(is);
}
