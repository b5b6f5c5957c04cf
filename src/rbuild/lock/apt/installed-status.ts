import { isRbuildError, RbuildError } from "../../../system/index.ts";
import { readDebControl } from "../../debian/deb-file.ts";
import type { Pool } from "../../pool/pool.ts";
import type { LockedPackage } from "../image-lock.ts";
import { findPackage, type VerifiedSuite } from "./verified-suite.ts";

/** Fields of an index that say where a package is. */
const PLACE = /^(?:Filename|Size|MD5sum|SHA1|SHA256|SHA512|Description-md5):.*\n/gim;

/** Where packages are that the archive's index no longer has. */
export interface PackageFiles extends Pick<Pool, "has" | "read"> {
  /** Gets what it does not have. @throws RbuildError `pool.*` */
  fetch(packages: readonly LockedPackage[]): Promise<void>;
}

/**
 * What dpkg would say if exactly these packages were installed. Of each the fields come from the verified indexes, or from the package
 * itself when the archive has moved on.
 * @param owner names the lock that has a package, for messages
 * @throws RbuildError `lock.unknown-package`
 */
export async function installedStatus(
  packages: readonly LockedPackage[],
  suites: readonly VerifiedSuite[],
  files: PackageFiles,
  owner: (name: string) => string,
): Promise<string> {
  const known = new Map(packages.flatMap((locked) => withStanza(locked, suites)));
  const others = packages.filter((locked) => !known.has(locked));
  const isThere = await Promise.all(others.map((locked) => files.has(locked)));
  const missing = others.filter((_, index) => !isThere[index]);
  const [first] = missing;
  if (first) {
    await files.fetch(missing).catch((error: unknown) => {
      throw isRbuildError(error) ? unknown(first, owner(first.name), error) : error;
    });
  }
  for (const locked of others) known.set(locked, await controlOf(locked, files));
  return packages.map((locked) => `${(known.get(locked) ?? "").replace(PLACE, "").trimEnd()}\nStatus: install ok installed\n`).join("\n");
}

function withStanza(locked: LockedPackage, suites: readonly VerifiedSuite[]): [LockedPackage, string][] {
  const found = findPackage(suites, locked);
  return found?.locked.sha256 === locked.sha256 ? [[locked, found.stanza]] : [];
}

async function controlOf(locked: LockedPackage, files: PackageFiles): Promise<string> {
  const control = (await readDebControl(files.read(locked))).get("control");
  if (control) return control.content.toString("utf8");
  throw new RbuildError("package.malformed", `${locked.path} has no control file`, { category: "invalid" });
}

function unknown({ name, version }: LockedPackage, image: string, cause: RbuildError): RbuildError {
  return new RbuildError(
    "lock.unknown-package",
    `the lock of ${image} has ${name} ${version}, which neither the archive nor the pool has any more, so its dependencies are not known: ${cause.message}`,
    {
      category: "not-found",
      hint: `rbuild image vendor ${image}, or choose its packages anew: rbuild image lock --refresh ${image}`,
      cause,
      details: { image, package: name, version },
    },
  );
}
