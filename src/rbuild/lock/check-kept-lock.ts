import type { Digest } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";
import { readDefinitions } from "../definition/find-definition.ts";
import { verifyInRelease } from "./archive/in-release.ts";
import { type Below, checkLock } from "./check-lock.ts";
import type { ImageLock, LockedArchive } from "./image-lock.ts";
import { readKept } from "./kept-files.ts";
import { requireCurrent } from "./locked-chain.ts";

export interface CheckedLock {
  readonly name: string;
  /** Of the lock, without the time it was made. */
  readonly digest: Digest;
  readonly lock: ImageLock;
}

/**
 * Checks an image's lock with nothing but the files beside it: it is that of its definition, and what is kept of its archives was signed as
 * it says, judged as of the time it was made.
 * @throws RbuildError `lock.missing`, `lock.stale`, `lock.other-compatibility`, `lock.kept-file-missing`, `lock.kept-file-damaged`, `lock.kept-file-differs`, and those of `verifyInRelease`
 */
export async function checkKeptLock(name: string, { imageDirectories }: { readonly imageDirectories: readonly string[] }): Promise<CheckedLock> {
  let below: Below | undefined;
  let checked: CheckedLock | undefined;
  for (const located of await readDefinitions(name, imageDirectories)) {
    const { lock, digest } = requireCurrent(located, await checkLock(located, below));
    below = { name: lock.name, lock: digest };
    checked = { name: lock.name, digest, lock };
    if (lock.name === name) for (const archive of lock.archives) await checkArchive(located.directory, archive, lock.lockedAt);
  }
  if (!checked) throw new TypeError("a chain of definitions is not empty");
  const youngest = Math.max(...checked.lock.archives.map(({ date }) => date));
  if (checked.lock.sourceDateEpoch < youngest)
    throw differs(name, `sourceDateEpoch is ${checked.lock.sourceDateEpoch}, before the date of its youngest archive, ${youngest}`);
  return checked;
}

async function checkArchive(directory: string, locked: LockedArchive, at: number): Promise<void> {
  const { archive, suite } = locked;
  const kept = await readKept(directory, locked);
  const { release, signedBy } = await verifyInRelease(kept.inRelease, kept.keyring, at, { archive, suite });
  const place = `${archive} ${suite}`;
  if (signedBy.join(" ") !== locked.signedBy.join(" "))
    throw differs(place, `it is signed by ${signedBy.join(", ")}, and the lock says ${locked.signedBy.join(", ")}`);
  if (release.version !== locked.version || release.date !== locked.date || release.validUntil !== locked.validUntil)
    throw differs(place, "its Version, Date or Valid-Until are not those of the lock");
  for (const { path, size, sha256 } of locked.indexes) {
    const prefix = `dists/${suite}/`;
    const entry = path.startsWith(prefix) ? release.entries.get(path.slice(prefix.length)) : undefined;
    if (entry?.size !== size || entry.sha256 !== sha256) throw differs(place, `it does not name the index ${path} with ${size} bytes and ${sha256}`);
  }
}

function differs(place: string, why: string): RbuildError {
  return new RbuildError("lock.kept-file-differs", `what the lock says of ${place} is not what is kept: ${why}`, {
    category: "untrusted",
    hint: "git checkout the lock and its directory, or choose anew: rbuild image lock --refresh NAME",
  });
}
