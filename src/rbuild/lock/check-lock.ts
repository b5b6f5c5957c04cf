import type { Digest, JsonValue } from "../../oci/index.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { NOTHING } from "./change-text.ts";
import { lockDigest } from "./lock-digest.ts";
import type { LockState } from "./lock-operations.ts";
import { readLock } from "./read-lock.ts";
import { wantedOf } from "./wanted.ts";

/** The image below, and what its lock is now. */
export interface Below {
  readonly name: string;
  readonly lock: Digest;
}

/**
 * Whether an image's lock is still that of its definition and of the image below.
 * @throws RbuildError `lock.invalid`, `lock.duplicate-package`, `lock.keyring-missing`
 */
export async function checkLock(located: LocatedDefinition, below: Below | undefined): Promise<LockState> {
  const lock = await readLock(located.directory);
  if (!lock) return { kind: "absent" };
  const is = await wantedOf(located);
  const difference =
    differ("name", lock.name, located.definition.name) ??
    firstDifference(lock.wanted, is) ??
    differ("from", lock.from?.name, below?.name) ??
    differ("from", lock.from?.lock, below?.lock);
  return difference === undefined ? { kind: "current", lock, digest: lockDigest(lock) } : { kind: "stale", lock, ...difference };
}

interface Difference {
  /** Dotted path. */
  readonly field: string;
  readonly was: string;
  readonly is: string;
}
type Members = { readonly [key: string]: JsonValue | undefined };

/** The first field, in the order in which `is` has them, that differs. */
function firstDifference(was: Members, is: Members, path = ""): Difference | undefined {
  for (const key of new Set([...Object.keys(is), ...Object.keys(was)])) {
    const found = compare(was[key], is[key], path === "" ? key : `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

function compare(was: JsonValue | undefined, is: JsonValue | undefined, path: string): Difference | undefined {
  if (isNames(was) && isNames(is)) return compareNames(was, is, path);
  if (isObject(was) && isObject(is)) return firstDifference(was, is, path);
  return differ(path, was, is);
}

/** Lists of names: the first that only one has. The order counts where nothing else differs. */
function compareNames(was: readonly string[], is: readonly string[], path: string): Difference | undefined {
  const added = is.find((name) => !was.includes(name));
  if (added !== undefined) return differ(`${path}.${added}`, undefined, added);
  const removed = was.find((name) => !is.includes(name));
  if (removed !== undefined) return differ(`${path}.${removed}`, removed, undefined);
  return was.join("\n") === is.join("\n") ? undefined : differ(path, was, is);
}

function differ(field: string, was: JsonValue | undefined, is: JsonValue | undefined): Difference | undefined {
  return text(was) === text(is) ? undefined : { field, was: text(was), is: text(is) };
}

const text = (value: JsonValue | undefined): string => (value === undefined ? NOTHING : typeof value === "string" ? value : JSON.stringify(value));
const isObject = (value: unknown): value is Members => typeof value === "object" && value !== null;
const isNames = (value: JsonValue | undefined): value is readonly string[] =>
  value === undefined ? false : Array.isArray(value) && value.every((item) => typeof item === "string");
