import { dlopen } from "node:ffi";

/** `dlfcn.h` of glibc. */
const [RTLD_NOW, RTLD_DEEPBIND] = [2, 8];

const { functions: libc } = dlopen(null, { dlopen: { return: "u64", arguments: ["string", "i32"] } });

/**
 * Loads a library, for as long as the process lives, that calls its own functions where Node has others of these names: Node brings zlib and
 * zstd of other versions. False when this host has none. Whoever opens it by the same name afterwards gets this one.
 */
const loadLibrary = (name: string): boolean => libc.dlopen(name, RTLD_NOW | RTLD_DEEPBIND) !== 0n;

/** What is made of a library's functions, or undefined where this host has no such library, or another version of it. */
export function withLibrary<T>(name: string, open: () => T): T | undefined {
  if (!loadLibrary(name)) return undefined;
  try {
    return open();
  } catch {
    return undefined;
  }
}
