import { constants, fstatSync, readSync } from "node:fs";
import { isSystemError } from "../errors.ts";
import { type OpenedPath, openInRoot } from "./open-in-root.ts";

/**
 * The first `maxBytes` of a regular file below a root that may be hostile, or undefined when there is none. A link in it leads nowhere outside, and a FIFO or
 * device in its place is not waited for.
 */
export function readInRoot(root: OpenedPath, path: string, maxBytes: number): Buffer | undefined {
  let file: OpenedPath;
  try {
    file = openInRoot(root, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "ELOOP", "EXDEV", "ENXIO", "EACCES")) return undefined;
    throw error;
  }
  using opened = file;
  const stats = fstatSync(opened.fd);
  if (!stats.isFile()) return undefined;
  const buffer = Buffer.alloc(Math.min(stats.size, maxBytes));
  let length = 0;
  while (length < buffer.byteLength) {
    const count = readSync(opened.fd, buffer, length, buffer.byteLength - length, null);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}
