import type { CheckedLock, LockOutcome, PackageChange } from "../rbuild/index.ts";
import { counted } from "../system/counted.ts";

/** What became of a lock: one line, then one for every package that moved, unless the lock is new. */
export function lockLines({ name, digest, changed, changes, lock }: LockOutcome): string[] {
  const count = Object.values(lock.architectures).reduce((sum, locked) => sum + (locked?.packages.length ?? 0), 0);
  const isNew = changes.length > 0 && changes.every(({ kind }) => kind === "added") && changes.length >= count;
  return [`${name} ${digest} ${counted(count, "package")}${changed ? "" : ", as before"}`, ...(isNew ? [] : changes.map(changeLine))];
}

function changeLine(change: PackageChange): string {
  const listed = change.list === "offers" ? " (offered)" : "";
  switch (change.kind) {
    case "added":
      return `  + ${change.to.name} ${change.to.version}${listed}`;
    case "removed":
      return `  - ${change.from.name} ${change.from.version}${listed}`;
    case "changed":
      return `  ${change.to.name} ${change.from.version} -> ${change.to.version}${listed}`;
    default:
      return change satisfies never;
  }
}

/** What a lock was found to be. */
export function checkedLines({ name, digest, lock: { lockedAt, archives } }: CheckedLock): string[] {
  const at = new Date(lockedAt * 1000).toISOString().slice(0, 10);
  return [
    `${name} ${digest} locked ${at}`,
    ...archives.map(
      ({ archive, suite, version, signedBy }) => `  ${archive} ${suite}${version === "" ? "" : ` ${version}`}: good signature of ${signedBy.join(", ")}`,
    ),
  ];
}
