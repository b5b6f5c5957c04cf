import type { PrivateKey } from "openpgp";
import { digestOf } from "../../../../../oci/index.ts";
import type { MetadataValue } from "../../../../trust/format/canonical.ts";
import { timeText } from "../../../../trust/format/fields.ts";
import { DAY, type LabKey } from "./lab-keys.ts";

export type Fields = { readonly [key: string]: MetadataValue };
export type LabRoles = Readonly<Record<"root" | "publisher" | "freshness", { readonly keys: readonly LabKey[]; readonly threshold: number }>>;

export const REPOSITORY = "attack-lab";

const BAD: readonly LabKey[] = ["expired", "revoked", "future", "weak"];
/** Two publishers must sign, one key freshness: keys that are not as they should be are among both. */
export const ROLES: LabRoles = {
  root: { keys: ["root", "old"], threshold: 1 },
  publisher: { keys: ["publisher", "second", ...BAD], threshold: 2 },
  freshness: { keys: ["freshness", "rsa", ...BAD], threshold: 1 },
};

interface RootOptions {
  readonly keys: ReadonlyMap<LabKey, PrivateKey>;
  readonly roles?: LabRoles;
  /** The root before, as bytes. */
  readonly before?: Uint8Array;
  readonly issued: Date;
  readonly expires?: Date;
}

/** What a root says. docs/repository-format.md, "Root". */
export function rootValue(version: number, { keys, roles = ROLES, before, issued, expires }: RootOptions): Fields {
  const fingerprint = (name: LabKey): string => keyOf(keys, name).getFingerprint().toUpperCase();
  const used = new Map(Object.values(roles).flatMap((role) => role.keys.map((name) => [fingerprint(name), name] as const)));
  const names = Object.entries(roles).map(([role, { keys: of, threshold }]) => [role, { keys: of.map(fingerprint).sort(), threshold }] as const);
  return {
    type: "root",
    formatVersion: 1,
    repository: REPOSITORY,
    version,
    issued: timeText(issued),
    expires: timeText(expires ?? new Date(issued.getTime() + 1825 * DAY)),
    floors: { index: 1, freshness: 1 },
    certificates: [...used].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, name]) => ({ fingerprint: id, armored: keyOf(keys, name).toPublic().armor() })),
    roles: { ...Object.fromEntries(names), rebuilder: { keys: [], threshold: 1 } },
    revoked: [],
    ...(before === undefined ? {} : { previous: digestOf(before) }),
  };
}

export function keyOf(keys: ReadonlyMap<LabKey, PrivateKey>, name: LabKey): PrivateKey {
  const key = keys.get(name);
  if (!key) throw new TypeError(`there is no key ${name}`);
  return key;
}
