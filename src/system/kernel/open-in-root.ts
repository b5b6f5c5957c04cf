import { dlopen } from "node:ffi";
import { closeSync, openSync } from "node:fs";
import { isSystemError } from "../errors.ts";
import { checkCall, systemError } from "./errno.ts";

const { functions: libc } = dlopen(null, {
  syscall: { return: "i64", arguments: ["i64", "i64", "buffer", "buffer", "u64"] },
});

/** The same number on every architecture. */
const SYS_openat2 = 437n;
const EINVAL = 22;
const RESOLVE_NO_MAGICLINKS = 0x02n;
const RESOLVE_IN_ROOT = 0x10n;

/** Flags of open(2) that Node does not name, as of x86-64 and arm64. */
export const O_PATH = 0o10000000;
export const O_CLOEXEC = 0o2000000;

/** An open descriptor that names a file whatever happens to the names that led to it. */
export interface OpenedPath extends Disposable {
  readonly fd: number;
  /** `/proc/self/fd/N`: a path for Node's functions and, for as long as the descriptor is handed over under this number, for tools. */
  readonly path: string;
}

function opened(fd: number): OpenedPath {
  let open = true;
  return {
    fd,
    path: `/proc/self/fd/${fd}`,
    [Symbol.dispose]() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

/** Opens a path of the host: the root for `openInRoot`. */
export function openPath(path: string, flags: number = O_PATH): OpenedPath {
  return opened(openSync(path, flags | O_CLOEXEC));
}

/**
 * openat2(2) with RESOLVE_IN_ROOT: every component, `..` and symbolic link, absolute ones too, is resolved as if `root` were `/`, by the
 * kernel and in one step, so that a hostile tree cannot lead outside even while it changes. Linux 5.6.
 * @throws an Error with `code` as Node's functions do; EAGAIN when the tree changed too often meanwhile
 */
export function openInRoot(root: OpenedPath, path: string | Uint8Array, flags: number = O_PATH, mode = 0): OpenedPath {
  const name = Buffer.concat([typeof path === "string" ? Buffer.from(path) : path, Buffer.alloc(1)]);
  const subject = typeof path === "string" ? path : Buffer.from(path).toString("latin1");
  if (name.indexOf(0) !== name.byteLength - 1) throw systemError(EINVAL, "openat2", subject);
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, 16);
  for (let attempt = 0; ; attempt++) {
    try {
      return opened(checkCall(Number(libc.syscall(SYS_openat2, BigInt(root.fd), name, how, BigInt(how.byteLength))), "openat2", subject));
    } catch (error) {
      if (!isSystemError(error, "EAGAIN") || attempt >= 32) throw error;
    }
  }
}
