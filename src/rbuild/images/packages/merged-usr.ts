import { type ByteString, byteString } from "../../../system/tar/index.ts";
import type { DebianArchitecture } from "../../lock/image-lock.ts";

/** The top directories that are links into /usr, as Debian's usrmerge has them for an architecture. */
const ALIASES: Readonly<Record<DebianArchitecture, readonly string[]>> = {
  amd64: ["bin", "lib", "lib32", "lib64", "libx32", "sbin"],
  arm64: ["bin", "lib", "sbin"],
};

export const mergedDirectories = (architecture: DebianArchitecture): readonly ByteString[] => ALIASES[architecture].map(byteString);

/** Where a path of a package lies in a tree whose aliases are links: `bin/sh` is `usr/bin/sh`. The alias itself is its directory. */
export function mergedPath(path: ByteString, aliases: ReadonlySet<ByteString>): ByteString {
  const slash = path.indexOf("/");
  const top = (slash === -1 ? path : path.slice(0, slash)) as ByteString;
  return aliases.has(top) ? (`usr/${path}` as ByteString) : path;
}
