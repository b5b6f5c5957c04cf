import type { JsonValue } from "../../../oci/index.ts";
import { compareValues } from "../../explain/compare-values.ts";
import type { Pool } from "../../pool/pool.ts";
import type { ImageLock } from "../image-lock.ts";
import { classifyChange } from "./classify-changes.ts";
import { comparePackages, type PackageLists } from "./compare-packages.ts";
import { flattenLocks, lockFields } from "./flatten-locks.ts";
import { groupSources } from "./group-sources.ts";
import type { ComparedPackage, DiffedSource, DiffSide, ImageDiff } from "./image-diff.ts";
import { readSourceChanges } from "./read-changelog.ts";

/** One of two images, read. */
export type ReadSide =
  | {
      readonly kind: "lock";
      readonly label: string;
      /** Bottom first. */
      readonly locks: readonly ImageLock[];
      /** Name of an image below whose lock is not to be had. */
      readonly missing: string | undefined;
    }
  | { readonly kind: "engine"; readonly label: string; readonly lists: PackageLists<ComparedPackage> };

export interface DiffOptions {
  readonly pool: Pool;
  /** Lines of each source's changelog; 0 for none, and no package is looked into. */
  readonly changelogLines: number;
  readonly signal?: AbortSignal;
}

/** How two images differ. Where one is known for fewer architectures than the other, those that both have are compared. */
export async function diffImages(from: ReadSide, to: ReadSide, options: DiffOptions): Promise<ImageDiff> {
  const missing = [from, to].flatMap((side) => (side.kind === "lock" && side.missing !== undefined ? [side.missing] : []));
  const [was, is] = [contentOf(from, missing.length > 0), contentOf(to, missing.length > 0)];
  const isEngine = from.kind === "engine" || to.kind === "engine";
  const [before, after] = isEngine ? [common(was.lists, is.lists), common(is.lists, was.lists)] : [was.lists, is.lists];
  const changes = comparePackages(before, after);
  const fields = isEngine ? [] : compareValues(was.fields, is.fields);
  const sources: DiffedSource[] = [];
  for (const changed of groupSources(changes)) {
    const { name, kind, from: older, to: newer, packages } = changed;
    const told =
      options.changelogLines === 0
        ? { cves: [], changelog: { kind: "missing", why: "not-asked" } as const }
        : await readSourceChanges(changed, options.pool, { maxLines: options.changelogLines, ...(options.signal ? { signal: options.signal } : {}) });
    sources.push({ name, kind, from: older, to: newer, packages, ...told });
  }
  return {
    kind: changes.length === 0 && fields.length === 0 ? "identical" : "different",
    from: summary(from, before),
    to: summary(to, after),
    packages: changes.map(classifyChange),
    sources,
    fields,
    notes: [...new Set(missing)].map((name) => `the lock of ${name}, which one of the images stands on, is not there: what comes from below is not compared`),
  };
}

/** @param isOwnOnly leave out what comes from the images below */
function contentOf(side: ReadSide, isOwnOnly: boolean): { readonly lists: PackageLists<ComparedPackage>; readonly fields: JsonValue } {
  if (side.kind === "engine") return { lists: side.lists, fields: {} };
  const locks = isOwnOnly ? side.locks.slice(-1) : side.locks;
  return { lists: flattenLocks(locks), fields: lockFields(locks) };
}

/** Those lists whose architecture the other has too; an engine does not know what a Dockerfile may install. */
function common(lists: PackageLists<ComparedPackage>, other: PackageLists<ComparedPackage>): PackageLists<ComparedPackage> {
  const kept = (Object.keys(lists) as (keyof typeof lists)[]).filter((architecture) => other[architecture] !== undefined);
  return Object.fromEntries(kept.map((architecture) => [architecture, { packages: lists[architecture]?.packages ?? [], offers: [] }]));
}

function summary({ kind, label }: ReadSide, lists: PackageLists<ComparedPackage>): DiffSide {
  const packages = Object.values(lists).flatMap((list) => list.packages);
  const [bytes, installedBytes] = [sum(packages.map(({ size }) => size)), sum(packages.map(({ installedSize }) => installedSize))];
  return {
    kind,
    label,
    packages: packages.length,
    ...(bytes === undefined ? {} : { bytes }),
    ...(installedBytes === undefined ? {} : { installedBytes }),
  };
}

/** Undefined when one of them is not known. */
function sum(sizes: readonly (number | undefined)[]): number | undefined {
  return sizes.reduce<number | undefined>((total, size) => (total === undefined || size === undefined ? undefined : total + size), 0);
}
