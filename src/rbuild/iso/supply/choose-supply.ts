import type { Digest } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { RbuildReport } from "../../events.ts";
import { changeText } from "../../lock/change-text.ts";
import type { WantedLock } from "../config/schema.ts";
import { readTreeLock, type TreeLockState } from "../locked/read-tree-lock.ts";
import { TREE_LOCK_FILE, type TreeLock } from "../locked/tree-lock.ts";

/** Where a build's packages come from. */
export type PackageSupply =
  /** A mirror, whatever it has now. `objection` says why that is no build for publication: the tree wants a lock. */
  | { readonly kind: "mirror"; readonly objection?: string }
  /** A mirror, with only the suites of the lock that is being made; what is fetched is noted. */
  | { readonly kind: "recorded"; readonly wanted: WantedLock }
  /** The lock and nothing else. */
  | { readonly kind: "locked"; readonly lock: TreeLock; readonly digest: Digest };

export interface SupplyChoice {
  readonly directory: string;
  /** `lock:` of rbuild.yaml. */
  readonly wanted: WantedLock | undefined;
  readonly purpose: "build" | "record";
  /** `--no-lock`. */
  readonly ignoresLock: boolean;
  /** At HEAD. */
  readonly tag: string | undefined;
}

/** @throws RbuildError `lock.stale`, `lock.absent-on-release`, `lock.not-declared`, `lock.invalid`, `iso.override-on-release` */
export async function chooseSupply({ directory, wanted, purpose, ignoresLock, tag }: SupplyChoice, report: RbuildReport): Promise<PackageSupply> {
  if (purpose === "record") {
    if (wanted) return { kind: "recorded", wanted };
    throw notDeclared(directory);
  }
  if (!wanted) return { kind: "mirror" };
  if (ignoresLock) {
    if (tag === undefined) return { kind: "mirror", objection: "its packages are not those of the tree's lock" };
    throw new RbuildError("iso.override-on-release", `HEAD is the release ${tag}: a release is built with exactly the locked packages`, {
      category: "refused",
      hint: "rbuild iso without --no-lock; or build from a commit that is no tag",
      details: { tag },
    });
  }
  const state = await readTreeLock(directory, wanted);
  switch (state.kind) {
    case "current":
      return { kind: "locked", lock: state.lock, digest: state.digest };
    case "stale":
      throw staleLock(directory, state);
    case "absent":
      if (tag !== undefined) throw absentOnRelease(directory, tag);
      report({
        kind: "warning.raised",
        code: "lock.absent",
        message: `rbuild.yaml wants its packages locked, and there is no ${TREE_LOCK_FILE}`,
        hint: "rbuild lock",
      });
      return { kind: "mirror", objection: "the tree wants its packages locked and has no lock" };
    default:
      return state satisfies never;
  }
}

function absentOnRelease(directory: string, tag: string): RbuildError {
  return new RbuildError("lock.absent-on-release", `HEAD is the release ${tag}, rbuild.yaml wants its packages locked, and there is no ${TREE_LOCK_FILE}`, {
    category: "refused",
    hint: "rbuild lock, commit what it writes, and tag that commit",
    details: { directory, tag },
  });
}

export function notDeclared(directory: string): RbuildError {
  return new RbuildError("lock.not-declared", `rbuild.yaml of ${directory} names no suites to lock`, {
    category: "invalid",
    hint: "write it there: lock: {suites: [{suite: bookworm}]}; docs/rbuild-yaml.md tells the rest",
    details: { directory },
  });
}

export function staleLock(directory: string, { field, was, is }: Extract<TreeLockState, { kind: "stale" }>): RbuildError {
  return new RbuildError("lock.stale", `${TREE_LOCK_FILE} was made for another rbuild.yaml: ${changeText({ field, was, is })}`, {
    category: "refused",
    hint: "rbuild lock, then commit what it writes; or rbuild iso --no-lock",
    details: { directory, field, was, is },
  });
}
