import type { Digest } from "../../../oci/index.ts";
import type { DebianArchitecture } from "../image-lock.ts";
import type { PackageChange } from "../lock-operations.ts";

/** What is compared of a package. Its bytes are unknown where dpkg alone knows of it. */
interface Comparable {
  readonly name: string;
  readonly version: string;
  readonly sha256?: Digest;
}

/** As in a lock, or with no more than is known. */
export type PackageLists<Package> = {
  readonly [Name in DebianArchitecture]?: { readonly packages: readonly Package[]; readonly offers: readonly Package[] };
};

const LISTS = ["packages", "offers"] as const;

/**
 * How packages differ, in order of architecture, list (what is installed first) and name. A package that has other bytes under the same
 * version has changed; one that only moved within its archive has not.
 */
export function comparePackages<Package extends Comparable>(from: PackageLists<Package> | undefined, to: PackageLists<Package>): PackageChange<Package>[] {
  const architectures = new Set([...Object.keys(from ?? {}), ...Object.keys(to)] as DebianArchitecture[]);
  return [...architectures]
    .sort(byBytes)
    .flatMap((architecture) =>
      LISTS.flatMap((list) =>
        compareLists(from?.[architecture]?.[list] ?? [], to[architecture]?.[list] ?? []).map((change) => ({ ...change, architecture, list })),
      ),
    );
}

type Difference<Package> =
  | { readonly kind: "added"; readonly to: Package }
  | { readonly kind: "removed"; readonly from: Package }
  | { readonly kind: "changed"; readonly from: Package; readonly to: Package };

function compareLists<Package extends Comparable>(from: readonly Package[], to: readonly Package[]): Difference<Package>[] {
  const before = new Map(from.map((entry) => [entry.name, entry]));
  const after = new Map(to.map((entry) => [entry.name, entry]));
  return [...new Set([...before.keys(), ...after.keys()])].sort(byBytes).flatMap((name): Difference<Package>[] => {
    const [was, is] = [before.get(name), after.get(name)];
    if (!was) return is ? [{ kind: "added", to: is }] : [];
    if (!is) return [{ kind: "removed", from: was }];
    return isSame(was, is) ? [] : [{ kind: "changed", from: was, to: is }];
  });
}

function isSame(was: Comparable, is: Comparable): boolean {
  return was.version === is.version && (was.sha256 === undefined || is.sha256 === undefined || was.sha256 === is.sha256);
}

/** Names of packages and architectures are ASCII. */
const byBytes = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
