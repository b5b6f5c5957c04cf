import type { Stanza } from "../../debian/deb822.ts";
import type { LockedPackage } from "../../lock/image-lock.ts";
import { parseRelations, type Relations } from "./relations.ts";

/** What a package says of itself, as far as installing it needs it. */
export interface PackageFacts {
  readonly locked: LockedPackage;
  readonly name: string;
  readonly isEssential: boolean;
  /** `required`, `important`, `standard`, …; empty where it has none. */
  readonly priority: string;
  readonly preDepends: Relations;
  readonly depends: Relations;
  readonly recommends: Relations;
  readonly provides: readonly string[];
  readonly replaces: readonly string[];
}

/** @param fields of its control file */
export function packageFacts(locked: LockedPackage, fields: Stanza): PackageFacts {
  return {
    locked,
    name: locked.name,
    isEssential: fields.get("essential") === "yes",
    priority: fields.get("priority") ?? "",
    preDepends: parseRelations(fields.get("pre-depends")),
    depends: parseRelations(fields.get("depends")),
    recommends: parseRelations(fields.get("recommends")),
    provides: parseRelations(fields.get("provides")).flat(),
    replaces: parseRelations(fields.get("replaces")).flat(),
  };
}
