import { compareVersions } from "../../debian/version.ts";
import type { PackageChange } from "../lock-operations.ts";
import { directionOf, sourceOf } from "./classify-changes.ts";
import type { ComparedPackage, DiffedSource } from "./image-diff.ts";

/** A source package whose binary packages changed from one version of it to another. */
export interface ChangedSource extends Pick<DiffedSource, "name" | "kind" | "from" | "to" | "packages"> {
  /** Entries above `after` and up to `upTo` tell what changed. */
  readonly range: { readonly after: string; readonly upTo: string };
  /** Whose changelog has them: the newer ones, smallest first. */
  readonly newer: readonly ComparedPackage[];
}

/** Changed packages by source package and its two versions, in byte order of the name. */
export function groupSources(changes: readonly PackageChange<ComparedPackage>[]): ChangedSource[] {
  const groups = new Map<string, Changed[]>();
  for (const change of changes) {
    if (change.kind !== "changed") continue;
    const key = [sourceOf(change.to).name, ...versionsOf(change)].join(" ");
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(change);
  }
  return [...groups.values()].map(describe).sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
}

interface Changed {
  readonly from: ComparedPackage;
  readonly to: ComparedPackage;
}

/** Versions of the source; those of the binary packages where it was only built again. */
function versionsOf({ from, to }: Changed): readonly [from: string, to: string] {
  const [before, after] = [sourceOf(from).version, sourceOf(to).version];
  return before === after ? [from.version, to.version] : [before, after];
}

function describe(group: readonly Changed[]): ChangedSource {
  const first = group[0];
  if (!first) throw new TypeError("a group has a member");
  const [from, to] = versionsOf(first);
  const kind = directionOf(from, to);
  const newer = group.map((each) => (kind === "downgraded" ? each.from : each.to));
  const newest = newer.map(({ version }) => version).reduce((left, right) => (compareVersions(left, right) < 0 ? right : left));
  const upTo = kind === "downgraded" ? from : to;
  return {
    name: sourceOf(first.to).name,
    kind,
    from,
    to,
    packages: [...new Set(group.map((each) => each.to.name))].sort(),
    // A package that was built again has an entry of its own, above the source's.
    range: { after: kind === "downgraded" ? to : from, upTo: compareVersions(newest, upTo) > 0 ? newest : upTo },
    newer: newer.toSorted((left, right) => (left.size ?? 0) - (right.size ?? 0) || (left.name < right.name ? -1 : 1)),
  };
}
