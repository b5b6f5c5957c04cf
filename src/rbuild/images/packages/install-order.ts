import type { PackageFacts } from "./package-facts.ts";
import { PackageSet } from "./package-set.ts";

/** Packages that dpkg unpacks together; then `configure` of what was unpacked so far, because the next ones pre-depend on it. */
export interface InstallBatch {
  readonly unpack: readonly PackageFacts[];
  readonly configure: readonly PackageFacts[];
}

/** The essential packages and what they need, in byte order of their names: what a system starts from. */
export function essentialClosure(packages: Iterable<PackageFacts>): PackageFacts[] {
  const set = new PackageSet(packages);
  return byName(set.closure([...set.values()].filter(({ isEssential }) => isEssential)));
}

/**
 * An order in which dpkg takes packages whose surroundings are configured already (Debian Policy 7.2: a package is unpacked when what it
 * pre-depends on is configured). Depends on nothing but the packages. A circle of pre-dependencies comes last, in one batch.
 */
export function installBatches(packages: Iterable<PackageFacts>): InstallBatch[] {
  const set = new PackageSet(packages);
  const missing = new Set(set.values());
  const unpacked = new Set<PackageFacts>();
  const configured = new Set<PackageFacts>();
  const batches: InstallBatch[] = [];
  while (missing.size > 0) {
    const ready = [...missing].filter((facts) => [...set.targets(facts.preDepends)].every((target) => configured.has(target)));
    const unpack = ready.length > 0 ? ready : [...missing];
    for (const facts of unpack) {
      missing.delete(facts);
      unpacked.add(facts);
    }
    const configure = byName(configurable(set, missing, unpacked, configured));
    for (const facts of configure) configured.add(facts);
    batches.push({ unpack, configure });
  }
  return batches;
}

/** Of the packages that missing ones pre-depend on, those that have all they need, with that. */
function configurable(
  set: PackageSet,
  missing: ReadonlySet<PackageFacts>,
  unpacked: ReadonlySet<PackageFacts>,
  configured: ReadonlySet<PackageFacts>,
): Set<PackageFacts> {
  const found = new Set<PackageFacts>();
  for (const facts of missing) {
    for (const target of set.targets(facts.preDepends)) {
      const needed = set.closure([target]);
      if ([...needed].every((each) => unpacked.has(each))) for (const each of needed) if (!configured.has(each)) found.add(each);
    }
  }
  return found;
}

const byName = (packages: Iterable<PackageFacts>): PackageFacts[] => [...packages].sort((a, b) => (a.name < b.name ? -1 : 1));
