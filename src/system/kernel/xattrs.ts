import { dlopen, getInt32 } from "node:ffi";
import { systemError } from "./errno.ts";

/**
 * Extended attributes and times of files whose names need not be UTF-8. Nothing here follows a symbolic link at the path's end.
 */
const { functions: libc } = dlopen(null, {
  __errno_location: { return: "pointer", arguments: [] },
  llistxattr: { return: "i64", arguments: ["buffer", "buffer", "u64"] },
  lgetxattr: { return: "i64", arguments: ["buffer", "string", "buffer", "u64"] },
  lsetxattr: { return: "i32", arguments: ["buffer", "string", "buffer", "u64", "i32"] },
  utimensat: { return: "i32", arguments: ["i32", "buffer", "buffer", "i32"] },
});

/** Names and values of a file may take 64 KiB each. */
const MAX_XATTR = 65536;
const scratch = Buffer.alloc(MAX_XATTR);

/** All extended attributes of a file, ACLs (`system.posix_acl_*`) included; empty where the file system has none. */
export function readXattrs(path: string | Uint8Array): Map<string, Buffer> {
  const file = cString(path);
  const length = Number(libc.llistxattr(file, scratch, BigInt(MAX_XATTR)));
  const found = new Map<string, Buffer>();
  if (length < 0) {
    const error = lastError("llistxattr", path);
    if (error.code === "ENOTSUP") return found;
    throw error;
  }
  for (const name of scratch.toString("latin1", 0, length).split("\0")) {
    const value = name === "" ? undefined : readXattr(path, name);
    if (value) found.set(name, value);
  }
  return found;
}

/** Undefined when the file has no such attribute. */
export function readXattr(path: string | Uint8Array, name: string): Buffer | undefined {
  const size = Number(libc.lgetxattr(cString(path), name, scratch, BigInt(MAX_XATTR)));
  if (size >= 0) return Buffer.from(scratch.subarray(0, size));
  const error = lastError("lgetxattr", path);
  if (error.code === "ENODATA" || error.code === "ENOTSUP") return undefined;
  throw error;
}

export function writeXattr(path: string | Uint8Array, name: string, value: Uint8Array): void {
  // An empty buffer has no address to pass.
  const bytes = value.byteLength === 0 ? Buffer.alloc(1) : value;
  if (libc.lsetxattr(cString(path), name, bytes, BigInt(value.byteLength), 0) < 0) throw lastError("lsetxattr", path);
}

/** Sets the time of last change, in nanoseconds since 1970; the time of last access stays. */
export function setModificationTime(path: string | Uint8Array, nanoseconds: bigint): void {
  const AT_FDCWD = -100;
  const AT_SYMLINK_NOFOLLOW = 0x100;
  const UTIME_OMIT = (1n << 30n) - 2n;
  const part = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const times = Buffer.alloc(32);
  times.writeBigInt64LE(UTIME_OMIT, 8);
  times.writeBigInt64LE((nanoseconds - part) / 1_000_000_000n, 16);
  times.writeBigInt64LE(part, 24);
  if (libc.utimensat(AT_FDCWD, cString(path), times, AT_SYMLINK_NOFOLLOW) < 0) throw lastError("utimensat", path);
}

function cString(path: string | Uint8Array): Buffer {
  const bytes = typeof path === "string" ? Buffer.from(path) : path;
  if (bytes.indexOf(0) !== -1) throw systemError(22, "open", Buffer.from(bytes).toString());
  return Buffer.concat([bytes, Buffer.alloc(1)]);
}

function lastError(syscall: string, path: string | Uint8Array): NodeJS.ErrnoException {
  return systemError(getInt32(libc.__errno_location()), syscall, typeof path === "string" ? path : Buffer.from(path).toString());
}
