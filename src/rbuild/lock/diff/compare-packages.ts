import type { DebianArchitecture, ImageLock, LockedPackage } from "../image-lock.ts";
import type { PackageChange } from "../lock-operations.ts";

const LISTS = ["packages", "offers"] as const;

/**
 * How the packages of two locks differ, in order of architecture, list (what is installed first) and name. A package that other bytes
 * have under the same version has changed; one that only moved within its archive has not.
 */
export function comparePackages(from: ImageLock["architectures"] | undefined, to: ImageLock["architectures"]): PackageChange[] {
  const architectures = new Set([...Object.keys(from ?? {}), ...Object.keys(to)] as DebianArchitecture[]);
  return [...architectures]
    .sort(byBytes)
    .flatMap((architecture) =>
      LISTS.flatMap((list) =>
        compareLists(from?.[architecture]?.[list] ?? [], to[architecture]?.[list] ?? []).map((change) => ({ ...change, architecture, list })),
      ),
    );
}

type Difference =
  | { readonly kind: "added"; readonly to: LockedPackage }
  | { readonly kind: "removed"; readonly from: LockedPackage }
  | { readonly kind: "changed"; readonly from: LockedPackage; readonly to: LockedPackage };

function compareLists(from: readonly LockedPackage[], to: readonly LockedPackage[]): Difference[] {
  const before = new Map(from.map((entry) => [entry.name, entry]));
  const after = new Map(to.map((entry) => [entry.name, entry]));
  return [...new Set([...before.keys(), ...after.keys()])].sort(byBytes).flatMap((name): Difference[] => {
    const [was, is] = [before.get(name), after.get(name)];
    if (!was) return is ? [{ kind: "added", to: is }] : [];
    if (!is) return [{ kind: "removed", from: was }];
    return was.sha256 === is.sha256 && was.version === is.version ? [] : [{ kind: "changed", from: was, to: is }];
  });
}

/** Names of packages and architectures are ASCII. */
const byBytes = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
