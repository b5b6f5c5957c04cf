import { z } from "zod";
import { canonicalJson, type Digest, digestOf } from "../../../oci/index.ts";
import { lockedArchiveSchema, lockedPackageSchema } from "../../lock/image-lock.ts";

/** Beside rbuild.yaml. What is kept of the archives (InRelease, keyring) is in the directory, by SHA-256. */
export const TREE_LOCK_FILE = "rbuild.lock.json";
export const TREE_LOCK_DIRECTORY = "rbuild.lock.d";

/** Content of `rbuild.lock.json`: everything of an archive that a tree's build asks for. docs/build-flow.md. */
export const treeLockSchema = z.strictObject({
  lockVersion: z.literal(1),
  /** When the build was recorded, seconds since 1970. No part of the lock's digest. */
  lockedAt: z.int().min(0),
  /** `lock:` of rbuild.yaml as it was then. */
  wanted: z.record(z.string(), z.json()),
  /** `indexes` are the index files that the build asked for. */
  archives: z.array(lockedArchiveSchema).min(1),
  /** Sorted by the bytes of name, architecture and version. */
  packages: z.array(lockedPackageSchema),
});

export type TreeLock = Readonly<z.infer<typeof treeLockSchema>>;

/** Of what is locked, without the time it was recorded. */
export function treeLockDigest(lock: TreeLock): Digest {
  return digestOf(canonicalJson({ ...lock, lockedAt: undefined }));
}
