/** Most bytes of each thing that comes from outside; nothing longer is parsed. docs/repository-format.md, "Limits". */
export const MAX_BYTES = {
  current: 4 * 1024,
  freshness: 16 * 1024,
  root: 1024 * 1024,
  index: 32 * 1024 * 1024,
  verdict: 8 * 1024,
  signature: 64 * 1024,
  certificate: 64 * 1024,
} as const;

/** Levels of arrays and objects in metadata. */
export const MAX_DEPTH = 12;
/** Packets in one signature file, and in one certificate. */
export const MAX_SIGNATURE_PACKETS = 32;
export const MAX_CERTIFICATE_PACKETS = 256;
export const MIN_RSA_BITS = 3072;
/** A longer modulus or exponent only costs time. */
export const MAX_RSA_BITS = 8192;
export const MAX_VERSION = 2 ** 31 - 1;
/** Most that a version may be ahead of the newest one seen. */
export const MAX_VERSION_STEP = 1_000_000;
/** Longest that each may be believed, from when it was made: a thief's freeze ends with it. Days. */
export const MAX_LIFE_DAYS = { freshness: 90, index: 731, root: 1827 } as const;
/** Times that a rebuilder may judge one image anew. */
export const MAX_REVISIONS = 8;
/** New roots followed in one go. */
export const MAX_ROOT_STEPS = 256;
/** Clocks of two honest hosts may differ by this. Milliseconds. */
export const CLOCK_TOLERANCE = 10 * 60_000;
/** A clock that is further ahead of everything known is wrong. Milliseconds. */
export const CLOCK_HORIZON = 20 * 365 * 86_400_000;
