import { join } from "node:path";
import { RbuildError } from "../../../system/index.ts";
import { readDebControl } from "../../debian/deb-file.ts";
import type { DebControlFile } from "../../debian/deb-members.ts";
import { parseStanza } from "../../debian/deb822.ts";
import { type PlainDeb, writePlainDeb } from "../../debian/plain-deb.ts";
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

/** A package that was read and decompressed: whoever unpacks it, rbuild or dpkg, need not do that again. */
export interface PlainPackage extends ReadPackage {
  readonly deb: PlainDeb;
}

/**
 * Reads the control files of packages, in the order given; every byte of the packages is checked on the way.
 * @throws RbuildError `image.package-mismatch` when a file is not the package that the lock says, `package.*`, `pool.*`
 */
export function readPackages(locked: readonly LockedPackage[], pool: Pick<Pool, "read">, signal?: AbortSignal): Promise<ReadPackage[]> {
  const options = signal === undefined ? {} : { signal };
  return forEach(locked, signal, async (wanted) => describe(wanted, await readDebControl(pool.read(wanted), options)));
}

/** As `readPackages`, and leaves each package decompressed in `directory`, which must not have any yet. @param read is called after each package */
export function layOutPackages(
  locked: readonly LockedPackage[],
  pool: Pick<Pool, "read">,
  directory: string,
  { read, signal }: { readonly read?: (locked: LockedPackage) => void; readonly signal?: AbortSignal } = {},
): Promise<PlainPackage[]> {
  const options = signal === undefined ? {} : { signal };
  return forEach(locked, signal, async (wanted) => {
    const deb = await writePlainDeb(pool.read(wanted), join(directory, `${wanted.name}_${wanted.architecture}.deb`), options);
    read?.(wanted);
    return { ...describe(wanted, deb.control), deb };
  });
}

async function forEach<T>(locked: readonly LockedPackage[], signal: AbortSignal | undefined, read: (wanted: LockedPackage) => Promise<T>): Promise<T[]> {
  const done = new Map<LockedPackage, T>();
  const rest = locked.values();
  const failed = new AbortController();
  const work = async () => {
    for (const wanted of rest) {
      signal?.throwIfAborted();
      if (failed.signal.aborted) return;
      done.set(wanted, await read(wanted));
    }
  };
  // The others come to their end before the error is told: what they write into goes then.
  const workers = Array.from({ length: AT_ONCE }, () => work().catch((error: unknown) => failed.abort(error)));
  await Promise.all(workers);
  failed.signal.throwIfAborted();
  return locked.flatMap((wanted) => done.get(wanted) ?? []);
}

function describe(locked: LockedPackage, control: ReadonlyMap<string, DebControlFile>): ReadPackage {
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
