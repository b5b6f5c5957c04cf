import { compareVersions } from "../../debian/version.ts";
import type { PackageChange } from "../lock-operations.ts";
import type { ComparedPackage, DiffedPackage } from "./image-diff.ts";

/** A changed package by the order of its versions. */
export function directionOf(from: string, to: string): "upgraded" | "downgraded" | "rebuilt" {
  const order = compareVersions(from, to);
  return order < 0 ? "upgraded" : order > 0 ? "downgraded" : "rebuilt";
}

export function classifyChange(change: PackageChange<ComparedPackage>): DiffedPackage {
  const { architecture, list } = change;
  const before = change.kind === "added" ? undefined : change.from;
  const after = change.kind === "removed" ? undefined : change.to;
  const { name, source } = (after ?? before) as ComparedPackage;
  return {
    kind: change.kind === "changed" ? directionOf(change.from.version, change.to.version) : change.kind,
    architecture,
    list,
    name,
    source: sourceOf({ source, version: "" }).name,
    ...(before ? { from: endOf(before) } : {}),
    ...(after ? { to: endOf(after) } : {}),
  };
}

const endOf = ({ version, size }: ComparedPackage) => ({ version, ...(size === undefined ? {} : { bytes: size }) });

/** The source package of a binary one: a lock names its version only where it is another than the binary's. */
export function sourceOf({ source, version }: Pick<ComparedPackage, "source" | "version">): { readonly name: string; readonly version: string } {
  const [name = "", own] = source.split(" ");
  return { name, version: own ?? version };
}
