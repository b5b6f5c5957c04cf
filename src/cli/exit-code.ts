import type { ErrorCategory } from "../system/index.ts";

/** What rbuild's process says to whoever started it. Stable; docs/cli.md explains each. */
export const EXIT = {
  done: 0,
  differs: 1,
  usage: 2,
  failed: 3,
  baseRefused: 4,
  trustRefused: 5,
  bytesMissing: 6,
  hostNotAble: 7,
  /** A fault of rbuild itself. */
  internal: 70,
} as const;

const BY_CATEGORY: Readonly<Record<ErrorCategory, number>> = {
  invalid: EXIT.usage,
  "not-found": EXIT.usage,
  conflict: EXIT.failed,
  refused: EXIT.usage,
  untrusted: EXIT.trustRefused,
  unavailable: EXIT.hostNotAble,
  cancelled: 130,
  failed: EXIT.failed,
};

/** Where a code says more than the category. */
const BY_CODE: Readonly<Record<string, number>> = {
  // As every shell says it of a command that it cannot run.
  "container.command-not-executable": 126,
  "container.command-not-found": 127,
  "init.file-exists": EXIT.usage,
  "image.pin-mismatch": EXIT.baseRefused,
  "image.unpinned": EXIT.baseRefused,
  "iso.override-on-release": EXIT.baseRefused,
  "mirror.unreachable": EXIT.bytesMissing,
  "pool.missing": EXIT.bytesMissing,
  "pool.not-obtainable": EXIT.bytesMissing,
  "repository.image-absent": EXIT.baseRefused,
  "repository.not-compared": EXIT.baseRefused,
  "trust.missing-file": EXIT.bytesMissing,
  "internal.error": EXIT.internal,
};

/** Exit code of a process that a signal ended, as shells count. */
export function exitCodeOfSignal(signal: number): number {
  return 128 + signal;
}

/** The exit code of an error: the one place where codes and categories become numbers. */
export function exitCodeOf(error: { readonly code: string; readonly category: ErrorCategory }): number {
  return BY_CODE[error.code] ?? BY_CATEGORY[error.category];
}
