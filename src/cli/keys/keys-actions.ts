import {
  accepted,
  algorithmText,
  drillLeak,
  type Fingerprint,
  importCertificate,
  proposalProgress,
  proposedChanges,
  ROLES,
  readCertificates,
  scanKeys,
  signingEnd,
  standingOf,
} from "../../rbuild/trust/index.ts";
import { counted } from "../../system/counted.ts";
import { RbuildError, readFileIfExists, systemClock } from "../../system/index.ts";
import { EXIT } from "../exit-code.ts";
import type { CommandResult } from "../session.ts";
import { drillLines, radarLines } from "./keys-text.ts";
import { namesIn, openCheckout } from "./open-checkout.ts";
import { proposalLines } from "./proposal-text.ts";

const MAX_IMPORT_BYTES = 1024 * 1024;

export async function listKeys(directory: string): Promise<CommandResult> {
  const now = systemClock.now();
  const checkout = await openCheckout(directory);
  const radar = await scanKeys(checkout, now);
  const beside = accepted(await readCertificates(directory));
  const newest = checkout.roots.at(-1)?.root;
  const used = new Set([...(newest?.certificates ?? []), ...(newest?.revoked ?? [])].map(({ fingerprint }) => fingerprint));
  const idle = beside.filter(({ fingerprint }) => !used.has(fingerprint));
  const nameOf = await namesIn(checkout);
  const changes = proposedChanges(checkout);
  const progress = checkout.proposal ? await proposalProgress(checkout, now) : [];
  return {
    data: {
      repository: newest?.repository ?? null,
      root: newest?.version ?? null,
      roles: newest?.roles ?? null,
      revoked: newest?.revoked ?? [],
      radar,
      withoutRole: idle.map(({ fingerprint }) => fingerprint),
      proposal: checkout.proposal ? { version: checkout.proposal.value.version, roles: checkout.proposal.value.roles, progress, changes } : null,
    },
    lines: [
      ...radarLines(radar),
      ...(newest?.revoked ?? []).map(({ fingerprint, reason, since }) => `revoked      ${nameOf(fingerprint)}  ${reason}, ${since.slice(0, 10)}`),
      ...idle.map(({ fingerprint, userIds }) => `no role      ${fingerprint}  ${userIds[0] ?? ""}`),
      ...(checkout.proposal && changes ? ["", ...proposalLines(checkout.proposal.value.version, progress, changes, nameOf)] : []),
    ],
  };
}

export async function showKey(directory: string, fingerprint: Fingerprint): Promise<CommandResult> {
  const now = systemClock.now();
  const checkout = await openCheckout(directory);
  const beside = accepted(await readCertificates(directory)).find((known) => known.fingerprint === fingerprint);
  const certificate = beside ?? checkout.roots.at(-1)?.certificates.get(fingerprint);
  if (!certificate)
    throw new RbuildError("keys.unknown-key", `neither ${directory} nor its newest root has the certificate ${fingerprint}`, {
      category: "not-found",
      hint: "rbuild keys list",
    });
  const parts = [certificate.key, ...certificate.key.subkeys];
  const keys = await Promise.all(
    parts.map(async (part) => {
      const standing = await standingOf(certificate, part.getKeyID(), now);
      return {
        fingerprint: part.getFingerprint().toUpperCase(),
        algorithm: algorithmText(part),
        created: part.getCreationTime().toISOString(),
        ...state(standing),
      };
    }),
  );
  const roles = ROLES.filter((role) => checkout.roots.at(-1)?.root.roles[role].keys.includes(fingerprint));
  const ends = (await signingEnd(certificate, now))?.toISOString().replace(".000Z", "Z") ?? null;
  return {
    data: { fingerprint, userIds: certificate.userIds, roles, ends, keys },
    lines: [
      fingerprint,
      ...certificate.userIds.map((id) => `  ${id}`),
      `  roles: ${roles.join(", ") || "none"}`,
      `  can sign until: ${ends ?? "no end"}`,
      ...keys.map((key) => `  ${key.fingerprint}  ${key.algorithm}, made ${key.created.slice(0, 10)}: ${key.canSign ? "can sign" : key.why}`),
    ],
  };
}

function state(standing: Awaited<ReturnType<typeof standingOf>>) {
  return standing.kind === "good" ? { canSign: true } : { canSign: false, code: standing.code, why: standing.why };
}

export async function importKeys(directory: string, files: readonly string[]): Promise<CommandResult> {
  const imported = [];
  for (const file of files) {
    const bytes = await readFileIfExists(file, MAX_IMPORT_BYTES);
    if (!bytes) throw new RbuildError("keys.unreadable", `there is no file ${file}`, { category: "invalid" });
    const { certificate, change, path } = accepted(await importCertificate(directory, bytes, file, systemClock.now()));
    imported.push({ fingerprint: certificate.fingerprint, userIds: certificate.userIds, change, path });
  }
  return {
    data: imported,
    lines: imported.map(({ fingerprint, userIds, change }) => `${change.padEnd(9)}  ${fingerprint}  ${userIds[0] ?? ""}`),
    notes: ["compare each fingerprint with what its owner says; only a root gives it a role: rbuild keys rotate --role"],
  };
}

export async function checkKeys(directory: string, within: number): Promise<CommandResult> {
  const radar = await scanKeys(await openCheckout(directory), systemClock.now());
  const near = radar.entries.filter(({ daysLeft }) => daysLeft !== undefined && daysLeft < within).length;
  const isNear = near > 0 || radar.entries.some(({ level }) => level === "bad" || level === "expired");
  return {
    data: radar,
    lines: radarLines(radar),
    notes: near > 0 ? [`${counted(near, "of these ends", "of these end")} within ${counted(within, "day")}`] : [],
    exitCode: radar.isBroken ? EXIT.trustRefused : isNear ? EXIT.differs : EXIT.done,
  };
}

export async function drillKeys(directory: string, leaked: readonly Fingerprint[]): Promise<CommandResult> {
  const drill = await drillLeak(await openCheckout(directory), leaked, systemClock.now());
  return { data: drill, lines: drillLines(drill), exitCode: drill.canRecover && drill.clients.every(({ isSafe }) => isSafe) ? EXIT.done : EXIT.differs };
}
