import type { Digest } from "../../../../../src/oci/index.ts";
import { type PackageFacts, packageFacts } from "../../../../../src/rbuild/images/packages/package-facts.ts";

/** A package by the fields of its control file. */
export function facts(name: string, fields: Readonly<Record<string, string>> = {}, version = "1"): PackageFacts {
  const locked = {
    name,
    version,
    architecture: "all",
    size: 1,
    sha256: `sha256:${"0".repeat(64)}` as Digest,
    path: `pool/${name}.deb`,
    source: name,
    archive: "debian",
  };
  return packageFacts(locked, new Map(Object.entries(fields)));
}

export const namesOf = (packages: Iterable<PackageFacts>): string[] => [...packages].map(({ name }) => name);
