import type { DiffedPackage, DiffedSource, DiffSide, ImageDiff } from "../../rbuild/index.ts";
import { counted } from "../../system/counted.ts";
import { formatBytes } from "../../ui/index.ts";

/** What both forms of a diff say in the same words. */

const KINDS = ["added", "removed", "upgraded", "downgraded", "rebuilt"] as const satisfies readonly DiffedPackage["kind"][];

/** `base@v1: 140 packages, 61 MB` without the name. */
export function sideText({ packages, bytes, installedBytes }: DiffSide): string {
  const sizes = [bytes === undefined ? [] : [formatBytes(bytes)], installedBytes === undefined ? [] : [`${formatBytes(installedBytes)} installed`]].flat();
  return [counted(packages, "package"), ...sizes].join(", ");
}

/** `1 added, 3 upgraded`, and by how much the packages that are installed grew. */
export function summaryText({ packages, from, to }: ImageDiff): string {
  const counts = KINDS.flatMap((kind) => {
    const count = packages.filter((each) => each.kind === kind).length;
    return count === 0 ? [] : [`${count} ${kind}`];
  });
  const growth = from.bytes === undefined || to.bytes === undefined ? [] : [deltaText(from.bytes, to.bytes)];
  return [counts.length === 0 ? "no package differs" : counts.join(", "), ...growth].join("; ");
}

/** A package's name, with its architecture where a diff is of several. */
export function packageText({ name, architecture }: DiffedPackage, { packages }: ImageDiff): string {
  return packages.some((each) => each.architecture !== architecture) ? `${name}:${architecture}` : name;
}

export const kindText = ({ kind, list }: DiffedPackage): string => (list === "offers" ? `${kind} (offered)` : kind);

/** Bytes of the .deb: by how much it grew. Empty when unknown. */
export function growthText({ kind, from, to }: DiffedPackage): string {
  const [before, after] = [kind === "added" ? 0 : from?.bytes, kind === "removed" ? 0 : to?.bytes];
  return before === undefined || after === undefined ? "" : deltaText(before, after);
}

function deltaText(before: number, after: number): string {
  return after < before ? `-${formatBytes(before - after)}` : `+${formatBytes(after - before)}`;
}

/** Why a source's changelog is not shown; undefined when it is, or when nobody asked for it. */
export function missingText({ changelog }: DiffedSource): string | undefined {
  if (changelog.kind === "found" || changelog.why === "not-asked") return undefined;
  return changelog.why === "not-in-pool"
    ? "its packages are not in the pool, so its changelog is not known here"
    : "its packages have no changelog of these versions";
}
