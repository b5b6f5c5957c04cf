import type { PackageFacts } from "../packages/package-facts.ts";

/** Packages by name, but each after those that replace files of it (Debian Policy 7.6.1): the first that brings a path has it. */
export function unpackOrder(packages: Iterable<PackageFacts>): PackageFacts[] {
  const sorted = [...packages].sort((a, b) => (a.name < b.name ? -1 : 1));
  const replacers = new Map<string, PackageFacts[]>();
  for (const facts of sorted) for (const name of facts.replaces) replacers.set(name, [...(replacers.get(name) ?? []), facts]);
  const order = new Set<PackageFacts>();
  const begun = new Set<PackageFacts>();
  const visit = (facts: PackageFacts): void => {
    if (begun.has(facts)) return;
    begun.add(facts);
    for (const replacer of replacers.get(facts.name) ?? []) visit(replacer);
    order.add(facts);
  };
  for (const facts of sorted) visit(facts);
  return [...order];
}
