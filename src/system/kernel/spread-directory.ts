import { dlopen } from "node:ffi";
import { closeSync, constants, openSync } from "node:fs";
import { isSystemError } from "../errors.ts";
import { checkCall } from "./errno.ts";

/** ioctl_iflags(2), on 64 bits. */
const FS_IOC_GETFLAGS = 0x80086601n;
const FS_IOC_SETFLAGS = 0x40086602n;
const FS_TOPDIR_FL = 0x20000;

const { functions: libc } = dlopen(null, { ioctl: { return: "i32", arguments: ["i32", "u64", "buffer"] } });

/**
 * Says of a directory that the trees in it have nothing to do with each other: `T` of chattr(1). ext4 then begins each in another part of the
 * disk, which matters most where another tree was just removed: without a journal it looks at all inodes freed lately in that part for each
 * new file. A hint: where it cannot be given, nothing happens.
 * @returns whether the file system keeps it
 */
export function spreadDirectory(path: string): boolean {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const flags = Buffer.alloc(8);
    checkCall(libc.ioctl(fd, FS_IOC_GETFLAGS, flags), "ioctl", path);
    const before = flags.readInt32LE();
    flags.writeInt32LE(before | FS_TOPDIR_FL);
    if ((before & FS_TOPDIR_FL) === 0) checkCall(libc.ioctl(fd, FS_IOC_SETFLAGS, flags), "ioctl", path);
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  } finally {
    closeSync(fd);
  }
}
