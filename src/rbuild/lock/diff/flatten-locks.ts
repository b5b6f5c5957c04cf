import type { JsonValue } from "../../../oci/index.ts";
import type { DebianArchitecture, ImageLock, LockedPackage } from "../image-lock.ts";
import type { PackageLists } from "./compare-packages.ts";

/**
 * All packages of an image whose locks are given bottom first: one that an image has anew stands for that of the image below. What a
 * Dockerfile may install is said by the last.
 */
export function flattenLocks(locks: readonly ImageLock[]): PackageLists<LockedPackage> {
  const top = locks.at(-1);
  const architectures = Object.keys(top?.architectures ?? {}) as DebianArchitecture[];
  return Object.fromEntries(
    architectures.map((architecture) => {
      const packages = new Map(locks.flatMap((lock) => (lock.architectures[architecture]?.packages ?? []).map((entry) => [entry.name, entry])));
      return [architecture, { packages: [...packages.values()], offers: top?.architectures[architecture]?.offers ?? [] }];
    }),
  );
}

/** What locks say besides packages, those of the images below under their names: what decides an image's bytes, in a form to be compared. */
export function lockFields(locks: readonly ImageLock[]): JsonValue {
  const top = locks.at(-1);
  if (!top) return {};
  const below = locks.slice(0, -1).map((lock) => [lock.name, fieldsOf(lock)] as const);
  return { ...fieldsOf(top), ...(below.length === 0 ? {} : { from: Object.fromEntries(below) }) };
}

function fieldsOf({ compatibilityVersion, sourceDateEpoch, wanted, archives }: ImageLock): { readonly [key: string]: JsonValue } {
  const states = archives.map(({ archive, suite, components, version, date, inRelease, keyring, signedBy }) => [
    `${archive}/${suite}`,
    { version, date: new Date(date * 1000).toISOString(), components, inRelease, keyring, signedBy },
  ]);
  return { compatibilityVersion, sourceDateEpoch, definition: wanted, archives: Object.fromEntries(states) };
}
