/** One way to satisfy a relation: a package's name. Versions and architectures are left out: a lock has one version of each. */
export type Alternative = string;

/** Relations of a control field, Debian Policy 7.1: all of the outer list, one of each inner list. */
export type Relations = readonly (readonly Alternative[])[];

/** @param field such as the value of `Depends`; undefined when the package has none */
export function parseRelations(field: string | undefined): Relations {
  if (field === undefined) return [];
  return field
    .split(",")
    .map((group) => group.split("|").flatMap((alternative) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(alternative)?.[1] ?? []))
    .filter((group) => group.length > 0);
}
