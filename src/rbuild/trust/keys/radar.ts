import { type Fingerprint, timeText } from "../format/fields.ts";
import { ROLES, type Role } from "../format/root.ts";
import type { Certificate } from "../openpgp/certificate.ts";
import { signingEnd, standingOf } from "../openpgp/standing.ts";
import { accepted, type TrustCode } from "../refusal.ts";
import { type Checkout, readCertificates } from "./checkout.ts";

/** By days left: over 60, at most 60, 30, 7, none; `bad` cannot sign for another reason. */
export type Level = "good" | "notice" | "warning" | "urgent" | "expired" | "bad";

export interface RadarEntry {
  readonly subject:
    | { readonly kind: "root"; readonly version: number }
    | { readonly kind: "certificate"; readonly fingerprint: Fingerprint; readonly userId: string };
  readonly roles: readonly Role[];
  /** When it ends; absent when it never does or cannot sign at all. */
  readonly ends?: string;
  readonly daysLeft?: number;
  readonly level: Level;
  readonly problem?: { readonly code: TrustCode; readonly why: string };
  /** `keys/` has another form of the certificate than the newest root: `keys rotate` publishes it. */
  readonly isChanged?: boolean;
}

export interface RoleReach {
  readonly role: Role;
  readonly threshold: number;
  /** Keys of the role that can sign now. */
  readonly able: readonly Fingerprint[];
  readonly isReachable: boolean;
}

export interface Radar {
  /** The newest signed one; null when there is none, so that nobody's signature counts. */
  readonly root: number | null;
  readonly entries: readonly RadarEntry[];
  readonly roles: readonly RoleReach[];
  /** Nobody can be convinced of anything new now. */
  readonly isBroken: boolean;
}

const DAY = 86_400_000;

export function levelOf(daysLeft: number): Level {
  if (daysLeft <= 0) return "expired";
  return daysLeft <= 7 ? "urgent" : daysLeft <= 30 ? "warning" : daysLeft <= 60 ? "notice" : "good";
}

/** What of the newest root and its certificates comes to an end, and whether each role can still reach its threshold. */
export async function scanKeys(checkout: Checkout, now: Date): Promise<Radar> {
  const newest = checkout.roots.at(-1);
  if (!newest) return { root: null, entries: [], roles: [], isBroken: true };
  const { root, certificates } = newest;
  const beside = new Map<string, string>(accepted(await readCertificates(checkout.directory)).map(({ fingerprint, armored }) => [fingerprint, armored]));
  const rootDays = (Date.parse(root.expires) - now.getTime()) / DAY;
  const entries: RadarEntry[] = [
    { subject: { kind: "root", version: root.version }, roles: [], ends: root.expires, daysLeft: Math.floor(rootDays), level: levelOf(rootDays) },
  ];
  const able = new Set<Fingerprint>();
  for (const { fingerprint, armored } of root.certificates) {
    const certificate = certificates.get(fingerprint) as Certificate;
    const entry = await scanCertificate(certificate, now);
    if (entry.level !== "bad" && entry.level !== "expired") able.add(fingerprint);
    const kept = beside.get(fingerprint);
    entries.push({
      ...entry,
      roles: ROLES.filter((role) => root.roles[role].keys.includes(fingerprint)),
      ...(kept !== undefined && kept !== armored ? { isChanged: true } : {}),
    });
  }
  const roles = ROLES.map((role): RoleReach => {
    const { keys, threshold } = root.roles[role];
    const now = keys.filter((key) => able.has(key));
    return { role, threshold, able: now, isReachable: keys.length === 0 || now.length >= threshold };
  });
  return { root: root.version, entries, roles, isBroken: rootDays <= 0 || roles.some(({ isReachable }) => !isReachable) };
}

async function scanCertificate(certificate: Certificate, now: Date): Promise<Pick<RadarEntry, "subject" | "ends" | "daysLeft" | "level" | "problem">> {
  const subject = { kind: "certificate" as const, fingerprint: certificate.fingerprint, userId: certificate.userIds[0] ?? "" };
  const standing = await standingOf(certificate, undefined, now);
  if (standing.kind === "bad") {
    const { code, why } = standing;
    return { subject, level: code === "trust.expired-key" ? "expired" : "bad", problem: { code, why } };
  }
  const end = await signingEnd(certificate, now);
  if (!end) return { subject, level: "good" };
  const days = (end.getTime() - now.getTime()) / DAY;
  return { subject, ends: timeText(end), daysLeft: Math.floor(days), level: levelOf(days) };
}
