import { dlopen } from "node:ffi";
import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { checkCall } from "./errno.ts";
import { MS, mount, unmount } from "./libc.ts";

const { functions: libc } = dlopen(null, {
  unshare: { return: "i32", arguments: ["i32"] },
  setns: { return: "i32", arguments: ["i32", "i32"] },
});

const CLONE_NEWNET = 0x4000_0000;
/** Of the calling thread: the namespace is a thread's, not the process's. */
const OWN_NAMESPACE = "/proc/thread-self/ns/net";

/** Whether this process may make network interfaces where it is, and come back from elsewhere: not in a user namespace on the host's network. */
export function ownsNetwork(): boolean {
  const own = openSync(OWN_NAMESPACE, "r");
  try {
    return libc.setns(own, CLONE_NEWNET) === 0;
  } finally {
    closeSync(own);
  }
}

/**
 * Runs `work` with the calling thread in another network namespace and comes back in any case. `work` must be synchronous:
 * nothing else may run on this thread meanwhile. What it opens (sockets, /proc/sys/net files) belongs to that namespace for good.
 */
function withNamespace<T>(enter: () => void, work: () => T): T {
  const own = openSync(OWN_NAMESPACE, "r");
  try {
    enter();
    try {
      return work();
    } finally {
      checkCall(libc.setns(own, CLONE_NEWNET), "setns", OWN_NAMESPACE);
    }
  } finally {
    closeSync(own);
  }
}

/**
 * Makes a network namespace that lives as long as its bind mount at `path`, and runs `work` inside it before anyone else can.
 * Leaves nothing behind when `work` throws.
 */
export function createNetworkNamespace<T>(path: string, work: () => T): T {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, "wx", 0o444));
  try {
    return withNamespace(
      () => void checkCall(libc.unshare(CLONE_NEWNET), "unshare", path),
      () => {
        mount(OWN_NAMESPACE, path, "none", MS.BIND, "");
        return work();
      },
    );
  } catch (error) {
    removeNetworkNamespace(path);
    throw error;
  }
}

/** Runs `work` in the network namespace mounted at `path`; see `createNetworkNamespace` for what it may do. */
export function inNetworkNamespace<T>(path: string, work: () => T): T {
  const namespace = openSync(path, "r");
  try {
    return withNamespace(() => void checkCall(libc.setns(namespace, CLONE_NEWNET), "setns", path), work);
  } finally {
    closeSync(namespace);
  }
}

/** Unmounts and removes the file; the namespace ends with the last process in it. Idempotent. */
export function removeNetworkNamespace(path: string): void {
  while (unmount(path, { lazy: true }));
  rmSync(path, { force: true });
}
