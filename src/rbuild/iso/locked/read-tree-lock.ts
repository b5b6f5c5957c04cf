import { join } from "node:path";
import type { Digest, JsonValue } from "../../../oci/index.ts";
import { RbuildError, readFileIfExists } from "../../../system/index.ts";
import { compareValues } from "../../explain/compare-values.ts";
import { MAX_LOCK_BYTES } from "../../lock/image-lock.ts";
import { wantedSuite } from "../../lock/wanted.ts";
import type { WantedLock } from "../config/schema.ts";
import { TREE_LOCK_FILE, type TreeLock, treeLockDigest, treeLockSchema } from "./tree-lock.ts";

/** What a tree's lock says of its rbuild.yaml as it is now. */
export type TreeLockState =
  | { readonly kind: "current"; readonly lock: TreeLock; readonly digest: Digest }
  | { readonly kind: "absent" }
  /** `field` is the dotted path of the first field that differs; values as JSON, `nothing` where there is none. */
  | { readonly kind: "stale"; readonly lock: TreeLock; readonly field: string; readonly was: string; readonly is: string };

/**
 * @param directory of rbuild.yaml
 * @throws RbuildError `lock.invalid`
 */
export async function readTreeLock(directory: string, wanted: WantedLock): Promise<TreeLockState> {
  const path = join(directory, TREE_LOCK_FILE);
  const bytes = await readFileIfExists(path, MAX_LOCK_BYTES);
  if (!bytes) return { kind: "absent" };
  const lock = parseTreeLock(bytes.toString("utf8"), path);
  const [difference] = compareValues(lock.wanted, await wantedOfTree(directory, wanted), "lock");
  if (difference) return { kind: "stale", lock, field: difference.field, was: textOf(difference.was), is: textOf(difference.is) };
  return { kind: "current", lock, digest: treeLockDigest(lock) };
}

/** What decides what is locked: where an archive is has no part in it. */
export async function wantedOfTree(directory: string, { suites }: WantedLock): Promise<TreeLock["wanted"]> {
  return { suites: await Promise.all(suites.map((suite) => wantedSuite(suite, directory))) };
}

/** @param path names the text in errors */
export function parseTreeLock(text: string, path: string): TreeLock {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(path, `it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = treeLockSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(path, `${issue?.path.map(String).join(".") || "it"}: ${issue?.message ?? "does not fit"}`);
  }
  const lock = parsed.data;
  const known = new Set(lock.archives.map(({ archive }) => archive));
  const stray = lock.packages.find(({ archive }) => !known.has(archive));
  if (stray) throw invalid(path, `${stray.name} is of the archive ${stray.archive}, which archives does not have`);
  const paths = lock.packages.map(({ archive, path: file }) => `${archive}/${file}`);
  const twice = paths.find((each, index) => paths.indexOf(each) < index);
  if (twice !== undefined) throw invalid(path, `${twice} is there twice`);
  return lock;
}

const textOf = (value: JsonValue | undefined): string => (value === undefined ? "nothing" : JSON.stringify(value));

function invalid(path: string, why: string): RbuildError {
  return new RbuildError("lock.invalid", `${path} is no lock: ${why}`, {
    category: "invalid",
    hint: "git checkout the file, or make it again: rbuild lock",
    details: { path },
  });
}
