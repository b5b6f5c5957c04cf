import { canonicalJson, type Digest, digestOf } from "../../oci/index.ts";
import type { ImageLock } from "./image-lock.ts";

/** Of everything a lock says but the time it was made. */
export function lockDigest(lock: ImageLock): Digest {
  return digestOf(canonicalJson({ ...lock, lockedAt: undefined }));
}
