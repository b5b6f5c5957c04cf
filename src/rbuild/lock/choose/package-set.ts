import { compareVersions } from "../../debian/version.ts";
import type { LockedPackage } from "../image-lock.ts";

/** Packages by name, of which a root file system has one version each. */
export type PackageSet = ReadonlyMap<string, LockedPackage>;

/** Later lists go before earlier ones. */
export function packageSet(...lists: readonly Iterable<LockedPackage>[]): PackageSet {
  return new Map(lists.flatMap((list) => [...list].map((entry) => [entry.name, entry] as const)));
}

/** In the order in which locks have them. */
export function sorted(packages: Iterable<LockedPackage>): LockedPackage[] {
  return [...packages].sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Without those that the image below has in at least this version. */
export function onTopOf(packages: Iterable<LockedPackage>, below: PackageSet): LockedPackage[] {
  return [...packages].filter(({ name, version }) => {
    const other = below.get(name);
    return !other || compareVersions(version, other.version) > 0;
  });
}
