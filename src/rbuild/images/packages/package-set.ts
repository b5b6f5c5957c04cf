import { RbuildError } from "../../../system/index.ts";
import type { PackageFacts } from "./package-facts.ts";
import type { Relations } from "./relations.ts";

/** Packages that belong together, by their names and by what they provide. */
export class PackageSet {
  readonly #byName: ReadonlyMap<string, PackageFacts>;
  readonly #providers: ReadonlyMap<string, readonly PackageFacts[]>;

  /** @throws RbuildError `image.two-versions` */
  constructor(packages: Iterable<PackageFacts>) {
    const byName = new Map<string, PackageFacts>();
    const providers = new Map<string, PackageFacts[]>();
    for (const facts of [...packages].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const other = byName.get(facts.name);
      if (other) throw twoVersions(other, facts);
      byName.set(facts.name, facts);
      for (const name of facts.provides) providers.set(name, [...(providers.get(name) ?? []), facts]);
    }
    this.#byName = byName;
    this.#providers = providers;
  }

  /** In byte order of their names. */
  values(): IterableIterator<PackageFacts> {
    return this.#byName.values();
  }

  /** The packages of this set by which relations hold: of alternatives the first that is here. What is not here is left out. */
  *targets(relations: Relations): Generator<PackageFacts> {
    for (const alternatives of relations) {
      for (const name of alternatives) {
        const target = this.#byName.get(name) ?? this.#providers.get(name)?.[0];
        if (!target) continue;
        yield target;
        break;
      }
    }
  }

  /** Packages with all that they need to be configured, as far as it is here. */
  closure(roots: Iterable<PackageFacts>): Set<PackageFacts> {
    const found = new Set<PackageFacts>(roots);
    // A set's iteration goes on with what is added meanwhile.
    for (const facts of found) for (const needed of this.targets([...facts.preDepends, ...facts.depends])) found.add(needed);
    return found;
  }
}

function twoVersions(one: PackageFacts, other: PackageFacts): RbuildError {
  return new RbuildError("image.two-versions", `the lock has two versions of ${one.name}: ${one.locked.version} and ${other.locked.version}`, {
    category: "invalid",
    hint: "lock the image again: rbuild image lock NAME",
    details: { name: one.name, versions: [one.locked.version, other.locked.version] },
  });
}
