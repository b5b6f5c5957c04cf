import { dlopen, getInt32 } from "node:ffi";
import { getSystemErrorName } from "node:util";

const { functions: libc } = dlopen(null, { __errno_location: { return: "pointer", arguments: [] } });

/** A system error as Node's own functions throw it. `errno` is positive, as in errno(3). */
export function systemError(errno: number, syscall: string, subject: string): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}: ${syscall} '${subject}'`), { code, errno: -errno, syscall, path: subject });
}

/** Passes the result of a call on, or throws what errno says when it is negative. Must be called before anything else calls libc. */
export function checkCall(result: number, syscall: string, subject: string): number {
  if (result < 0) throw systemError(getInt32(libc.__errno_location()), syscall, subject);
  return result;
}
