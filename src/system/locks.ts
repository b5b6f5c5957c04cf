import { closeSync, constants, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tryFlock } from "./kernel/libc.ts";

export interface LockOptions {
  readonly kind?: "shared" | "exclusive";
  readonly signal?: AbortSignal;
}

/** A held lock; disposing it lets go. The kernel lets go too when the process dies, however it dies. */
export interface HeldLock extends AsyncDisposable {
  readonly path: string;
}

/**
 * Takes the lock if nobody holds it, else returns undefined at once. The lock file stays; its content is never used. It may be in a
 * directory of somebody else's, so no link is followed: root would make a file where he likes.
 */
export async function tryLock(path: string, options: LockOptions = {}): Promise<HeldLock | undefined> {
  mkdirSync(dirname(path), { recursive: true });
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  let held = false;
  try {
    held = tryFlock(fd, options.kind ?? "exclusive");
  } finally {
    if (!held) closeSync(fd);
  }
  return held ? heldLock(path, fd) : undefined;
}

/** Closes once: later the number may be another file's. */
function heldLock(path: string, fd: number): HeldLock {
  let isHeld = true;
  return {
    path,
    async [Symbol.asyncDispose]() {
      if (isHeld) closeSync(fd);
      isHeld = false;
    },
  };
}

/** Takes the lock, waiting for it as long as the signal allows. */
export async function lock(path: string, options: LockOptions = {}): Promise<HeldLock> {
  for (let wait = 1; ; wait = Math.min(wait * 2, 50)) {
    options.signal?.throwIfAborted();
    const held = await tryLock(path, options);
    if (held) return held;
    await sleep(wait);
  }
}
