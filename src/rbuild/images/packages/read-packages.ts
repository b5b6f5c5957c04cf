import { RbuildError } from "../../../system/index.ts";
import { type DebControlFile, readDebControl } from "../../debian/deb-file.ts";
import { parseStanza } from "../../debian/deb822.ts";
import type { LockedPackage } from "../../lock/image-lock.ts";
import type { Pool } from "../../pool/pool.ts";
import { type PackageFacts, packageFacts } from "./package-facts.ts";

/** Decompressors at once. */
const AT_ONCE = 4;

/** A locked package as its file describes it. */
export interface ReadPackage {
  readonly facts: PackageFacts;
  readonly control: ReadonlyMap<string, DebControlFile>;
}

/**
 * Reads the control files of packages, in the order given; every byte of the packages is checked on the way.
 * @throws RbuildError `image.package-mismatch` when a file is not the package that the lock says, `package.*`, `pool.*`
 */
export async function readPackages(locked: readonly LockedPackage[], pool: Pick<Pool, "read">, signal?: AbortSignal): Promise<ReadPackage[]> {
  const packages = new Map<LockedPackage, ReadPackage>();
  let next = 0;
  const work = async () => {
    for (let index = next++; index < locked.length; index = next++) {
      const wanted = locked[index];
      if (wanted) packages.set(wanted, await readPackage(wanted, pool, signal));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return locked.flatMap((wanted) => packages.get(wanted) ?? []);
}

async function readPackage(locked: LockedPackage, pool: Pick<Pool, "read">, signal: AbortSignal | undefined): Promise<ReadPackage> {
  signal?.throwIfAborted();
  const control = await readDebControl(pool.read(locked), signal === undefined ? {} : { signal });
  const fields = parseStanza(control.get("control")?.content.toString("utf8") ?? "");
  for (const [field, wanted] of [
    ["package", locked.name],
    ["version", locked.version],
    ["architecture", locked.architecture],
  ] as const) {
    const found = fields.get(field);
    if (found === wanted) continue;
    throw new RbuildError("image.package-mismatch", `${locked.path} has the ${field} ${found ?? "(none)"} where the lock says ${wanted}`, {
      category: "untrusted",
      hint: "lock the image again: rbuild image lock NAME",
      details: { path: locked.path, field, wanted, found },
    });
  }
  return { facts: packageFacts(locked, fields), control };
}
