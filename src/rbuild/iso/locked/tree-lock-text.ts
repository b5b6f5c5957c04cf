import { canonicalJson } from "../../../oci/index.ts";
import { archiveFields, formatLock, packageFields } from "../../lock/lock-text.ts";
import type { TreeLock } from "./tree-lock.ts";

/** A tree's lock as it is written, one archive and one package per line. The same bytes for the same value. */
export function treeLockText({ lockVersion, lockedAt, wanted, archives, packages }: TreeLock): string {
  return formatLock({
    lockVersion,
    lockedAt,
    wanted: JSON.parse(canonicalJson(wanted)) as unknown,
    archives: archives.map(archiveFields),
    packages: packages.map(packageFields),
  });
}
