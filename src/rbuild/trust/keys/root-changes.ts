import type { Fingerprint } from "../format/fields.ts";
import { ROLES, type Role, type Root } from "../format/root.ts";
import type { Checkout } from "./checkout.ts";

/** What a root says otherwise than the one before. */
export interface RootChanges {
  readonly roles: readonly {
    readonly role: Role;
    /** Absent in the first root. */
    readonly from?: { readonly threshold: number; readonly keys: number };
    readonly to: { readonly threshold: number; readonly keys: number };
    readonly added: readonly Fingerprint[];
    readonly removed: readonly Fingerprint[];
  }[];
  readonly revoked: Root["revoked"];
  readonly floors: readonly { readonly of: "index" | "freshness"; readonly from: number; readonly to: number }[];
  /** Keys whose certificates have another form. */
  readonly renewed: readonly Fingerprint[];
  readonly expires: string;
}

/** @param before undefined for the first root */
export function rootChanges(before: Root | undefined, after: Root): RootChanges {
  const roles = ROLES.flatMap((role) => {
    const [was, is] = [before?.roles[role], after.roles[role]];
    const added = is.keys.filter((key) => !was?.keys.includes(key));
    const removed = (was?.keys ?? []).filter((key) => !is.keys.includes(key));
    if (added.length + removed.length === 0 && was?.threshold === is.threshold) return [];
    if (!was && is.keys.length === 0) return [];
    const size = ({ threshold, keys }: Root["roles"][Role]) => ({ threshold, keys: keys.length });
    return [{ role, ...(was ? { from: size(was) } : {}), to: size(is), added, removed }];
  });
  const knownRevoked = new Set(before?.revoked.map(({ fingerprint }) => fingerprint));
  const forms = new Map((before?.certificates ?? []).map(({ fingerprint, armored }) => [fingerprint, armored]));
  return {
    roles,
    revoked: after.revoked.filter(({ fingerprint }) => !knownRevoked.has(fingerprint)),
    floors: (["index", "freshness"] as const).map((of) => ({ of, from: before?.floors[of] ?? 1, to: after.floors[of] })).filter(({ from, to }) => from !== to),
    renewed: after.certificates.filter(({ fingerprint, armored }) => (forms.get(fingerprint) ?? armored) !== armored).map(({ fingerprint }) => fingerprint),
    expires: after.expires,
  };
}

/** What the pending proposal would change. */
export function proposedChanges({ roots, proposal }: Checkout): RootChanges | undefined {
  return proposal && rootChanges(roots.at(-1)?.root, proposal.value);
}
