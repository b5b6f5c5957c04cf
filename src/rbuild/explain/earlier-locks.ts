import type { Digest } from "../../oci/index.ts";
import { isRbuildError } from "../../system/index.ts";
import { openGit } from "../iso/git/git.ts";
import { type ImageLock, LOCK_FILE } from "../lock/image-lock.ts";
import { lockDigest } from "../lock/lock-digest.ts";
import { parseLock } from "../lock/read-lock.ts";

/** Commits that are looked at, newest first. */
const MAX_REVISIONS = 30;

/** The lock with this digest among those that the history of a definition's directory has; undefined when there is none, or no history. */
export async function findEarlierLock(directory: string, digest: Digest): Promise<ImageLock | undefined> {
  try {
    const git = await openGit(directory);
    const log = await git.run(["log", `--max-count=${MAX_REVISIONS}`, "--no-show-signature", "--format=%H", "--", LOCK_FILE], { okCodes: [0, 128] });
    for (const commit of log.stdout.split("\n").filter((line) => line !== "")) {
      const blob = await git.run(["cat-file", "blob", `${commit}:./${LOCK_FILE}`], { okCodes: [0, 128] });
      const lock = blob.exitCode === 0 ? readOld(blob.stdout, commit) : undefined;
      if (lock && lockDigest(lock) === digest) return lock;
    }
  } catch (error) {
    // Only an explanation becomes poorer.
    if (!isRbuildError(error, "tool.missing")) throw error;
  }
  return undefined;
}

/** A lock as another rbuild wrote it may be none here. */
function readOld(text: string, commit: string): ImageLock | undefined {
  try {
    return parseLock(text, commit);
  } catch (error) {
    if (isRbuildError(error)) return undefined;
    throw error;
  }
}
