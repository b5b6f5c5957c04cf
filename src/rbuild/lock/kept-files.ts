import { join } from "node:path";
import { type Digest, digestHex, digestOf } from "../../oci/index.ts";
import { RbuildError, readFileIfExists } from "../../system/index.ts";
import { LOCK_DIRECTORY, type LockedArchive } from "./image-lock.ts";

const MAX_KEPT_BYTES = 16 * 2 ** 20;

/** What a lock keeps of an archive, in its `image.lock.d`. */
export interface KeptArchive {
  readonly inRelease: Buffer;
  /** Binary OpenPGP certificates. */
  readonly keyring: Buffer;
}

/** Names say which bytes a file has: the files of an old and of a new lock do not get into each other's way. */
export const keptInRelease = ({ archive, suite, inRelease }: Pick<LockedArchive, "archive" | "suite" | "inRelease">): string =>
  `${archive}_${suite}_${digestHex(inRelease).slice(0, 16)}.InRelease`;
export const keptKeyring = ({ keyring }: Pick<LockedArchive, "keyring">): string => `keyring_${digestHex(keyring).slice(0, 16)}.gpg`;

/**
 * What is kept of one archive of the lock in `directory`, exactly as the lock says.
 * @param beside name of the directory that has it
 * @throws RbuildError `lock.kept-file-missing`, `lock.kept-file-damaged`
 */
export async function readKept(directory: string, archive: LockedArchive, beside = LOCK_DIRECTORY): Promise<KeptArchive> {
  return {
    inRelease: await readExactly(join(directory, beside, keptInRelease(archive)), archive.inRelease),
    keyring: await readExactly(join(directory, beside, keptKeyring(archive)), archive.keyring),
  };
}

async function readExactly(path: string, digest: Digest): Promise<Buffer> {
  const bytes = await readFileIfExists(path, MAX_KEPT_BYTES);
  const hint = "git checkout the directory, or make the lock again";
  if (!bytes) throw new RbuildError("lock.kept-file-missing", `${path}, which the lock keeps of its archive, is not there`, { category: "not-found", hint });
  const found = digestOf(bytes);
  if (found === digest) return bytes;
  throw new RbuildError("lock.kept-file-damaged", `${path} has the digest ${found}; the lock says ${digest}`, {
    category: "untrusted",
    hint,
    details: { path, wanted: digest, found },
  });
}
