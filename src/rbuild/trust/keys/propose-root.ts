import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RbuildError, writeFileAtomic } from "../../../system/index.ts";
import { writeCanonical } from "../format/canonical.ts";
import { type Fingerprint, timeText } from "../format/fields.ts";
import { repositoryPaths } from "../format/paths.ts";
import { type RevocationReason, ROLES, type Role, type Root, rootSchema } from "../format/root.ts";
import { MAX_LIFE_DAYS } from "../limits.ts";
import type { Certificate } from "../openpgp/certificate.ts";
import { standingOf } from "../openpgp/standing.ts";
import { accepted } from "../refusal.ts";
import { openKeyring } from "../threshold.ts";
import { type Checkout, readCertificates } from "./checkout.ts";

/** Who is to sign as a role. */
export interface RoleChange {
  readonly threshold: number;
  readonly keys: readonly Fingerprint[];
}

export interface RootChange {
  /** Needed for version 1 alone. */
  readonly repository?: string;
  readonly roles?: Readonly<Partial<Record<Role, RoleChange>>>;
  /** Keys that lose every role and may never have one again. */
  readonly revoke?: readonly { readonly fingerprint: Fingerprint; readonly reason: RevocationReason }[];
  readonly floors?: Partial<Root["floors"]>;
  /** From now on. */
  readonly days: number;
}

export interface Proposed {
  readonly root: Root;
  readonly path: string;
  /** Signatures over an earlier form of this proposal, which count no more. */
  readonly droppedSignatures: boolean;
}

const DAY = 86_400_000;

/**
 * Writes the next root as a proposal: what the newest signed one says, or the pending proposal, with the changes.
 * @throws RbuildError `keys.incomplete`, `keys.proposal-pending`, and what the certificates are refused for
 */
export async function proposeRoot(checkout: Checkout, change: RootChange, now: Date): Promise<Proposed> {
  const newest = checkout.roots.at(-1);
  const isSame = Object.keys({ ...change.roles, ...change.floors }).length === 0 && (change.revoke ?? []).length === 0;
  if (checkout.proposal?.signature && isSame)
    throw new RbuildError(
      "keys.proposal-pending",
      `root ${checkout.proposal.value.version} is proposed and signed by some already; proposed anew, it would lose their signatures`,
      {
        category: "conflict",
        hint: "rbuild keys sign, or rbuild keys rotate --abandon",
      },
    );
  if (change.days > MAX_LIFE_DAYS.root) throw incomplete(`a root holds for ${MAX_LIFE_DAYS.root} days at most, not ${change.days}`, "--expires-in 365");
  const base = checkout.proposal?.value ?? newest?.root;
  const revoked = new Map<Fingerprint, Root["revoked"][number]>((base?.revoked ?? []).map((entry) => [entry.fingerprint, entry]));
  for (const { fingerprint, reason } of change.revoke ?? []) revoked.set(fingerprint, { fingerprint, reason, since: timeText(now) });
  const roles = Object.fromEntries(ROLES.map((role) => [role, nextRole(role, change.roles?.[role] ?? base?.roles[role], revoked)])) as Root["roles"];
  const both = roles.rebuilder.keys.find((key) => roles.publisher.keys.includes(key));
  if (both) throw incomplete(`${both} is to be publisher and rebuilder, whose word counts only when it is another's`, "--role rebuilder=FINGERPRINT");
  for (const name of ["index", "freshness"] as const)
    if ((change.floors?.[name] ?? Number.POSITIVE_INFINITY) < (newest?.root.floors[name] ?? 1))
      throw incomplete(`the floor of the ${name} is ${newest?.root.floors[name]} already, and never goes down`);
  const repository = base?.repository ?? change.repository;
  if (repository === undefined) throw incomplete("the first root needs the repository's name", "--repository NAME");
  const candidate = {
    type: "root" as const,
    formatVersion: 1 as const,
    repository,
    version: (newest?.root.version ?? 0) + 1,
    ...(newest ? { previous: newest.digest } : {}),
    issued: timeText(now),
    expires: timeText(new Date(now.getTime() + change.days * DAY)),
    floors: { index: 1, freshness: 1, ...base?.floors, ...change.floors },
    certificates: await certificatesOf(checkout, roles),
    roles,
    revoked: [...revoked.values()].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
  };
  const result = rootSchema.safeParse(candidate);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw incomplete(`root ${candidate.version} would not be valid: ${issue?.path.map(String).join(".") ?? ""} ${issue?.message ?? ""}`);
  }
  await demandAble(result.data, now);
  const path = join(checkout.directory, repositoryPaths.root(candidate.version));
  await mkdir(dirname(path), { recursive: true });
  await rm(repositoryPaths.signature(path), { force: true });
  await writeFileAtomic(path, writeCanonical(result.data));
  return { root: result.data, path, droppedSignatures: checkout.proposal?.signature !== undefined };
}

function nextRole(role: Role, wanted: RoleChange | undefined, revoked: ReadonlyMap<Fingerprint, unknown>): { keys: Fingerprint[]; threshold: number } {
  if (wanted === undefined && role !== "rebuilder") throw incomplete(`nobody is named for the role ${role}`, `--role ${role}=FINGERPRINT`);
  const keys = [...new Set(wanted?.keys ?? [])].filter((key) => !revoked.has(key)).sort();
  const threshold = wanted?.threshold ?? 1;
  if (keys.length < threshold && !(role === "rebuilder" && keys.length === 0))
    throw incomplete(
      `the role ${role} needs ${threshold} of its keys, and ${keys.length === 0 ? "none is" : `only ${keys.length} are`} left that ${keys.length === 0 ? "is" : "are"} not revoked`,
      `--role ${role}=${[...keys, "FINGERPRINT"].join(",")}`,
    );
  return { keys, threshold: keys.length === 0 ? 1 : threshold };
}

/** From `keys/<FINGERPRINT>.asc`, where the newest form is; else as the root before has it. */
async function certificatesOf(checkout: Checkout, roles: Root["roles"]): Promise<Root["certificates"]> {
  const beside = new Map<string, string>(accepted(await readCertificates(checkout.directory)).map(({ fingerprint, armored }) => [fingerprint, armored]));
  const before = new Map<string, string>((checkout.roots.at(-1)?.root.certificates ?? []).map(({ fingerprint, armored }) => [fingerprint, armored]));
  const used = [...new Set(ROLES.flatMap((role) => roles[role].keys))].sort();
  return used.map((fingerprint) => {
    const armored = beside.get(fingerprint) ?? before.get(fingerprint);
    if (armored === undefined) throw incomplete(`there is no certificate ${fingerprint} in ${checkout.directory}`, "rbuild keys import FILE");
    return { fingerprint, armored };
  });
}

/** Every role must be able to reach its threshold now; beyond that, a key that has expired meanwhile must not hinder a revocation. */
async function demandAble(root: Root, now: Date): Promise<void> {
  const { certificates } = accepted(await openKeyring(root));
  for (const role of ROLES) {
    const { keys, threshold } = root.roles[role];
    const unable: string[] = [];
    for (const key of keys) {
      const standing = await standingOf(certificates.get(key) as Certificate, undefined, now);
      if (standing.kind === "bad") unable.push(`${key} ${standing.why}`);
    }
    if (unable.length > 0 && keys.length - unable.length < threshold) throw incomplete(`the role ${role} could not reach its threshold: ${unable.join("; ")}`);
  }
}

/** Takes a pending proposal away. False when there was none. */
export async function abandonProposal(checkout: Checkout): Promise<boolean> {
  if (!checkout.proposal) return false;
  const path = join(checkout.directory, repositoryPaths.root(checkout.proposal.value.version));
  await rm(repositoryPaths.signature(path), { force: true });
  await rm(path, { force: true });
  return true;
}

function incomplete(message: string, hint?: string): RbuildError {
  return new RbuildError("keys.incomplete", message, { category: "invalid", ...(hint === undefined ? {} : { hint }) });
}
