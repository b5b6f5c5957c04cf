import { type Digest } from "../../../oci/index.ts";
import { isRbuildError, RbuildError } from "../../../system/index.ts";
import { readDebControl } from "../../debian/deb-file.ts";
import type { Pool } from "../../pool/pool.ts";
import type { LockedPackage } from "../image-lock.ts";
import { findPackage, type VerifiedSuite } from "./verified-suite.ts";

/** Fields of an index that say where a package is. */
const PLACE = /^(?:Filename|Size|MD5sum|SHA1|SHA256|SHA512|Description-md5):.*\n/gim;

/**
 * What dpkg would say if exactly these packages were installed. Of each the fields come from the verified indexes, or from the package
 * itself in the pool when the archive has moved on.
 * @param owner names the lock that has a package, for messages
 * @throws RbuildError `lock.unknown-package`
 */
export async function installedStatus(
  packages: readonly LockedPackage[],
  suites: readonly VerifiedSuite[],
  pool: Pick<Pool, "has" | "read">,
  owner: (name: string) => string,
): Promise<string> {
  const stanzas: string[] = [];
  for (const locked of packages) {
    const text = stanzaOf(locked, suites) ?? (await controlOf(locked, pool));
    if (text === undefined) throw unknown(locked, owner(locked.name));
    stanzas.push(`${text.replace(PLACE, "").trimEnd()}\nStatus: install ok installed\n`);
  }
  return stanzas.join("\n");
}

function stanzaOf(locked: LockedPackage, suites: readonly VerifiedSuite[]): string | undefined {
  const found = findPackage(suites, locked);
  return found && sameBytes(found.locked.sha256, locked.sha256) ? found.stanza : undefined;
}

const sameBytes = (left: Digest, right: Digest): boolean => left === right;

async function controlOf(locked: LockedPackage, pool: Pick<Pool, "has" | "read">): Promise<string | undefined> {
  if (!(await pool.has(locked))) return undefined;
  try {
    const control = await readDebControl(pool.read(locked));
    return control.get("control")?.content.toString("utf8");
  } catch (error) {
    if (isRbuildError(error, "pool.missing") || isRbuildError(error, "pool.damaged")) return undefined;
    throw error;
  }
}

function unknown({ name, version }: LockedPackage, image: string): RbuildError {
  return new RbuildError(
    "lock.unknown-package",
    `the lock of ${image} has ${name} ${version}, which neither the archive as it is now nor the pool has, so its dependencies are not known`,
    {
      category: "not-found",
      hint: `rbuild image vendor ${image}, or choose its packages anew: rbuild image lock --refresh ${image}`,
      details: { image, package: name, version },
    },
  );
}
