import type { ReadPackage } from "../packages/read-packages.ts";

/** Packages by name, but each after those that replace files of it (Debian Policy 7.6.1): the first that brings a path has it. */
export function unpackOrder<P extends Pick<ReadPackage, "facts">>(packages: Iterable<P>): P[] {
  const sorted = [...packages].sort((a, b) => (a.facts.name < b.facts.name ? -1 : 1));
  const replacers = new Map<string, P[]>();
  for (const each of sorted) for (const name of each.facts.replaces) replacers.set(name, [...(replacers.get(name) ?? []), each]);
  const order = new Set<P>();
  const begun = new Set<P>();
  const visit = (each: P): void => {
    if (begun.has(each)) return;
    begun.add(each);
    for (const replacer of replacers.get(each.facts.name) ?? []) visit(replacer);
    order.add(each);
  };
  for (const each of sorted) visit(each);
  return [...order];
}
