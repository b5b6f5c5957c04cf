import { RbuildError } from "../../../system/index.ts";
import type { Fingerprint } from "../format/fields.ts";
import { ROLES, type Role, type Root } from "../format/root.ts";
import { standingOf } from "../openpgp/standing.ts";
import type { Checkout } from "./checkout.ts";

/** What somebody with the leaked keys and a hostile mirror can do to a client that trusts one root. */
export interface Exposure {
  /** The root that the client has. `next`: one without the leaked keys, as `keys revoke` makes it. */
  readonly root: number | "next";
  /** An expired root vouches for nothing: such a client refuses everything. */
  readonly isExpired: boolean;
  /** Name other keys: the client is lost for good, until it updates its checkout. */
  readonly canReplaceKeys: boolean;
  /** Show content of his own as the newest. */
  readonly canPublish: boolean;
  /** Keep it at a state that was once signed, or push version numbers up. */
  readonly canFreeze: boolean;
  /** Pretend that rebuilders got the same bytes. */
  readonly canVouch: boolean;
  readonly isSafe: boolean;
}

export interface Drill {
  readonly leaked: readonly Fingerprint[];
  /** Roles of the newest root that the leaked keys have, and whether they alone reach the threshold. */
  readonly roles: readonly { readonly role: Role; readonly leaked: number; readonly threshold: number; readonly isReached: boolean }[];
  readonly clients: readonly Exposure[];
  /** Whether the keys that are left can sign a root without the leaked ones, by themselves. */
  readonly canRecover: boolean;
}

/**
 * Pretends that keys leaked. Images that a tree has pinned by digest are safe in every case: no signature is asked about them.
 * @throws RbuildError `keys.unknown-key`
 */
export async function drillLeak(checkout: Checkout, leaked: readonly Fingerprint[], now: Date): Promise<Drill> {
  const newest = checkout.roots.at(-1);
  for (const key of leaked)
    if (!checkout.roots.some(({ root }) => ROLES.some((role) => root.roles[role].keys.includes(key))))
      throw new RbuildError("keys.unknown-key", `no root of ${checkout.directory} ever gave ${key} a role`, {
        category: "not-found",
        hint: "rbuild keys list",
      });
  if (!newest) return { leaked, roles: [], clients: [], canRecover: false };
  const held = (root: Root, role: Role) => root.roles[role].keys.filter((key) => leaked.includes(key)).length;
  // Verdicts that are only shown can be forged by one.
  const reaches = (root: Root, role: Role) => held(root, role) >= Math.max(1, root.roles[role].threshold);
  const clients = checkout.roots.map(({ root }): Exposure => {
    const isExpired = now >= new Date(root.expires);
    const canReplaceKeys = reaches(root, "root");
    const canFreeze = !isExpired && (canReplaceKeys || reaches(root, "freshness"));
    const canPublish = canReplaceKeys || (canFreeze && reaches(root, "publisher"));
    const canVouch = canReplaceKeys || (!isExpired && reaches(root, "rebuilder"));
    return {
      root: root.version,
      isExpired,
      canReplaceKeys,
      canPublish,
      canFreeze,
      canVouch,
      isSafe: !canReplaceKeys && !canPublish && !canFreeze && !canVouch,
    };
  });
  const honest: Fingerprint[] = [];
  for (const key of newest.root.roles.root.keys.filter((candidate) => !leaked.includes(candidate))) {
    const certificate = newest.certificates.get(key);
    if (certificate && (await standingOf(certificate, undefined, now)).kind === "good") honest.push(key);
  }
  const canRecover = honest.length >= newest.root.roles.root.threshold;
  const safe: Exposure = { root: "next", isExpired: false, canReplaceKeys: false, canPublish: false, canFreeze: false, canVouch: false, isSafe: true };
  return {
    leaked,
    roles: ROLES.flatMap((role) => {
      const count = held(newest.root, role);
      return count === 0 ? [] : [{ role, leaked: count, threshold: newest.root.roles[role].threshold, isReached: reaches(newest.root, role) }];
    }),
    clients: canRecover ? [...clients, safe] : clients,
    canRecover,
  };
}
