import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { type Digest, digestHex, digestOf } from "../../oci/index.ts";
import { RbuildError, readFileIfExists } from "../../system/index.ts";
import { LOCK_DIRECTORY, type LockedArchive } from "./image-lock.ts";

export const MAX_KEPT_BYTES = 16 * 2 ** 20;

/** What a lock keeps of an archive, in its `image.lock.d`. */
export interface KeptArchive {
  readonly inRelease: Buffer;
  /** Binary OpenPGP certificates. */
  readonly keyring: Buffer;
}

/** Names say which bytes a file has: the files of an old and of a new lock do not get into each other's way. */
export const keptInRelease = ({ archive, suite, inRelease }: Pick<LockedArchive, "archive" | "suite" | "inRelease">): string =>
  `${archive}_${suite}_${digestHex(inRelease).slice(0, 16)}.InRelease.gz`;
export const keptKeyring = ({ keyring }: Pick<LockedArchive, "keyring">): string => `keyring_${digestHex(keyring).slice(0, 16)}.gpg`;

/** An InRelease as it is kept: text of 150 kB that names thousands of hashes. The digest of a lock is that of the text. */
export const packInRelease = (text: Uint8Array): Buffer => gzipSync(text, { level: 9 });

/** Undefined for what is no such file, or too large. */
export function unpackInRelease(bytes: Uint8Array): Buffer | undefined {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_KEPT_BYTES });
  } catch {
    return undefined;
  }
}

/**
 * What is kept of one archive of the lock in `directory`, exactly as the lock says.
 * @param beside name of the directory that has it
 * @throws RbuildError `lock.kept-file-missing`, `lock.kept-file-damaged`
 */
export async function readKept(directory: string, archive: LockedArchive, beside = LOCK_DIRECTORY): Promise<KeptArchive> {
  const again = beside === LOCK_DIRECTORY ? "rbuild image lock --refresh NAME" : "rbuild lock";
  return {
    inRelease: await readExactly(join(directory, beside, keptInRelease(archive)), archive.inRelease, again, unpackInRelease),
    keyring: await readExactly(join(directory, beside, keptKeyring(archive)), archive.keyring, again),
  };
}

async function readExactly(path: string, digest: Digest, again: string, unpack = (bytes: Buffer): Buffer | undefined => bytes): Promise<Buffer> {
  const stored = await readFileIfExists(path, MAX_KEPT_BYTES);
  const hint = `git checkout the directory, or have all chosen again: ${again}`;
  if (!stored) throw new RbuildError("lock.kept-file-missing", `${path}, which the lock keeps of its archive, is not there`, { category: "not-found", hint });
  const bytes = unpack(stored);
  const found = digestOf(bytes ?? stored);
  if (bytes && found === digest) return bytes;
  throw new RbuildError("lock.kept-file-damaged", `${path} has the digest ${found}; the lock says ${digest}`, {
    category: "untrusted",
    hint,
    details: { path, wanted: digest, found },
  });
}
