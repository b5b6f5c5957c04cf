import { dlopen } from "node:ffi";

/** `dlfcn.h` of glibc. */
const [RTLD_NOW, RTLD_DEEPBIND] = [2, 8];

const { functions: libc } = dlopen(null, { dlopen: { return: "u64", arguments: ["string", "i32"] } });

/**
 * Loads a library, for as long as the process lives, that calls its own functions where Node has others of these names: Node brings zlib and
 * zstd of other versions. False when this host has none. Whoever opens it by the same name afterwards gets this one.
 */
export const loadLibrary = (name: string): boolean => libc.dlopen(name, RTLD_NOW | RTLD_DEEPBIND) !== 0n;
