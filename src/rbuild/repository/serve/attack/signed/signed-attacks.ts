import { join } from "node:path";

/** Attacks that need keys: root, freshness and index are made and signed anew. `accepted` is what a client must not refuse. */
export const SIGNED_ATTACKS = {
  resigned: "nothing is wrong: accepted",
  rotation: "three roots follow the first one, each with other keys: accepted",
  "old-key": "a root was signed by a key that could sign then, and has expired since: accepted",
  "expired-key": "the freshness is signed by a key that has expired",
  "revoked-key": "the freshness is signed by a key whose owner has revoked it",
  "future-key": "the freshness is signed by a key that says it is made in ten years",
  "weak-key": "the freshness is signed by an RSA key of 2048 bits",
  "weak-hash": "the freshness is signed with SHA-1",
  "wrong-key": "the freshness is signed by a key that the root does not know",
  "wrong-role": "the freshness is signed by a publisher",
  "future-signature": "the freshness is signed as of tomorrow",
  "expired-signature": "the freshness has a signature that was good for an hour",
  "other-file": "the freshness has a signature of the right key over another file",
  "one-signer": "the index is signed by one of the two who must",
  "duplicate-signer": "the index is signed twice by one who signs",
  "two-subkeys": "the index is signed by two subkeys of one who signs",
  "wrong-repository": "the freshness is of another repository, by the same keys",
  "wrong-type": "the index is a freshness",
  "wrong-architecture": "amd64 and arm64 have changed places in the index",
  equivocation: "every second time another freshness of the same version",
  "fast-forward": "the freshness has version 2,000,000,000",
  "hidden-root": "the freshness names a root that cannot be had",
  "expired-root": "the newest root has expired",
  "stolen-root": "the next root is signed by its own keys alone",
  "root-gap": "the next root says that it is the one after it",
  "endless-roots": "one root after the other",
  "huge-key": "the next root has a certificate of 10 MB",
  "bomb-key": "the next root has a certificate that is a compressed packet of 32 MiB",
  "duplicate-fields": "the index has a field twice",
  "proto-field": "the index has a field named __proto__",
  "odd-names": "the index has control characters",
  "path-escape": "the index names a file ../../../etc/passwd",
} as const;

export type SignedAttack = keyof typeof SIGNED_ATTACKS;

export const isSignedAttack = (name: string): name is SignedAttack => Object.hasOwn(SIGNED_ATTACKS, name);

/** The `keys/` of a client that believes a lab. */
export const labCheckout = (lab: string): string => join(lab, "keys");
