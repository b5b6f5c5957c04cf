import { dlopen } from "node:ffi";
import { RbuildError } from "../errors.ts";
import { checkCall as check } from "./errno.ts";

/**
 * The C library calls that Node has no function for. Everything that uses FFI is in this folder; the calls block, so only
 * short ones belong here. Each wrapper throws like Node's own functions do: an Error with `code`, `errno` and `syscall`.
 */
const { functions: libc } = dlopen(null, {
  mount: { return: "i32", arguments: ["string", "string", "string", "u64", "string"] },
  umount2: { return: "i32", arguments: ["string", "i32"] },
  flock: { return: "i32", arguments: ["i32", "i32"] },
  mknod: { return: "i32", arguments: ["buffer", "u32", "u64"] },
  lsetxattr: { return: "i32", arguments: ["string", "string", "buffer", "u64", "i32"] },
  lgetxattr: { return: "i64", arguments: ["string", "string", "buffer", "u64"] },
  prctl: { return: "i32", arguments: ["i32", "u64", "u64", "u64", "u64"] },
});

/** Flags of mount(2). */
export const MS = {
  RDONLY: 1n,
  NOSUID: 2n,
  NODEV: 4n,
  NOEXEC: 8n,
  REMOUNT: 32n,
  BIND: 4096n,
  REC: 16384n,
  PRIVATE: 1n << 18n,
  SLAVE: 1n << 19n,
} as const;

/** mount(2). `data` is limited by the kernel to one page. */
export function mount(source: string, target: string, type: string, flags: bigint, data: string): void {
  if (Buffer.byteLength(data) >= 4096) {
    throw new RbuildError("kernel.mount-options-too-long", `the mount options for ${target} take ${Buffer.byteLength(data)} bytes; the kernel takes 4095`, {
      category: "invalid",
    });
  }
  check(libc.mount(source, target, type, flags, data), "mount", target);
}

/** umount2(2) with MNT_DETACH when `lazy`. False when nothing was mounted there. */
export function unmount(target: string, options: { readonly lazy?: boolean } = {}): boolean {
  const MNT_DETACH = 2;
  const UMOUNT_NOFOLLOW = 8;
  try {
    check(libc.umount2(target, UMOUNT_NOFOLLOW | (options.lazy ? MNT_DETACH : 0)), "umount2", target);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EINVAL" || code === "ENOENT") return false;
    throw error;
  }
}

/** flock(2), never waiting. False when somebody else holds it. Released when the descriptor closes, so also when the process dies. */
export function tryFlock(fd: number, kind: "shared" | "exclusive"): boolean {
  const [LOCK_SH, LOCK_EX, LOCK_NB] = [1, 2, 4];
  try {
    check(libc.flock(fd, (kind === "shared" ? LOCK_SH : LOCK_EX) | LOCK_NB), "flock", `fd ${fd}`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
    throw error;
  }
}

/** mknod(2). `mode` with its S_IF* type bits. */
export function mknod(path: string | Uint8Array, mode: number, device: { readonly major: number; readonly minor: number } = { major: 0, minor: 0 }): void {
  // makedev(3) of glibc
  const { major, minor } = { major: BigInt(device.major), minor: BigInt(device.minor) };
  const dev = ((major & 0xfffff000n) << 32n) | ((major & 0xfffn) << 8n) | ((minor & 0xffffff00n) << 12n) | (minor & 0xffn);
  const bytes = Buffer.concat([typeof path === "string" ? Buffer.from(path) : path, Buffer.alloc(1)]);
  check(libc.mknod(bytes, mode, dev), "mknod", Buffer.from(path).toString("latin1"));
}

/** lsetxattr(2). */
export function setXattr(path: string, name: string, value: Buffer): void {
  check(libc.lsetxattr(path, name, value, BigInt(value.byteLength), 0), "lsetxattr", path);
}

/** lgetxattr(2); undefined when the attribute is absent. Values over 64 KiB do not exist in Linux. */
export function getXattr(path: string, name: string): Buffer | undefined {
  const buffer = Buffer.alloc(65536);
  const size = Number(libc.lgetxattr(path, name, buffer, BigInt(buffer.byteLength)));
  try {
    check(size, "lgetxattr", path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENODATA") return undefined;
    throw error;
  }
  return buffer.subarray(0, size);
}
