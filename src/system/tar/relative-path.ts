import type { ByteString } from "./byte-string.ts";

/**
 * A member's path relative to the archive's root: no `.` components, doubled or closing slashes; empty for the root itself.
 * Undefined when the path is absolute, climbs with `..`, or is empty: such an entry would leave the tree it is extracted to.
 */
export function relativeTarPath(path: ByteString): ByteString | undefined {
  if (path === "" || path.startsWith("/")) return undefined;
  if (isPlain(path)) return path;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : (parts.join("/") as ByteString);
}

/** Nothing in it to clean or to fear. */
function isPlain(path: string): boolean {
  return !path.startsWith(".") && !path.endsWith("/") && !path.includes("//") && !path.includes("/.");
}
