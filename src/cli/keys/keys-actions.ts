import { readFile } from "node:fs/promises";
import {
  abandonProposal,
  accepted,
  algorithmText,
  applyRevocation,
  type Checkout,
  drillLeak,
  type Fingerprint,
  importCertificate,
  proposalProgress,
  proposeRoot,
  type RevocationReason,
  ROLES,
  type Role,
  type RoleChange,
  readCertificates,
  readCheckout,
  scanKeys,
  signingEnd,
  signProposal,
  standingOf,
} from "../../rbuild/trust/index.ts";
import { RbuildError, readFileIfExists, systemClock } from "../../system/index.ts";
import { EXIT } from "../exit-code.ts";
import type { CommandResult } from "../session.ts";
import type { SignerChoice } from "./key-options.ts";
import { drillLines, progressLines, radarLines } from "./keys-text.ts";
import { openSigner } from "./open-signers.ts";

const MAX_IMPORT_BYTES = 1024 * 1024;

interface SignOptions {
  readonly keys: string;
  readonly signWith?: readonly SignerChoice[];
  readonly passphraseFd?: number;
}

interface RotateOptions extends SignOptions {
  readonly role?: ReadonlyMap<Role, RoleChange>;
  readonly repository?: string;
  readonly expiresIn: number;
  readonly floorIndex?: number;
  readonly floorFreshness?: number;
  readonly abandon?: true;
}

interface RevokeOptions extends SignOptions {
  readonly reason: RevocationReason;
  readonly certificate?: string;
  readonly role?: ReadonlyMap<Role, RoleChange>;
  readonly expiresIn: number;
}

async function openCheckout(directory: string): Promise<Checkout> {
  return accepted(await readCheckout(directory, systemClock.now()));
}

export async function listKeys(directory: string): Promise<CommandResult> {
  const now = systemClock.now();
  const checkout = await openCheckout(directory);
  const radar = await scanKeys(checkout, now);
  const beside = accepted(await readCertificates(directory));
  const newest = checkout.roots.at(-1)?.root;
  const idle = beside.filter(({ fingerprint }) => !newest?.certificates.some((known) => known.fingerprint === fingerprint));
  const progress = checkout.proposal ? await proposalProgress(checkout, now) : [];
  return {
    data: {
      repository: newest?.repository ?? null,
      root: newest?.version ?? null,
      roles: newest?.roles ?? null,
      revoked: newest?.revoked ?? [],
      radar,
      withoutRole: idle.map(({ fingerprint }) => fingerprint),
      proposal: checkout.proposal ? { version: checkout.proposal.value.version, roles: checkout.proposal.value.roles, progress } : null,
    },
    lines: [
      ...radarLines(radar),
      ...(newest?.revoked ?? []).map(({ fingerprint, reason, since }) => `revoked      ${fingerprint}  ${reason}, ${since.slice(0, 10)}`),
      ...idle.map(({ fingerprint, userIds }) => `no role      ${fingerprint}  ${userIds[0] ?? ""}`),
      ...(checkout.proposal ? ["", ...progressLines(checkout.proposal.value.version, progress, false)] : []),
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
  const isNear = radar.entries.some(({ level, daysLeft }) => level === "bad" || level === "expired" || (daysLeft !== undefined && daysLeft < within));
  return { data: radar, lines: radarLines(radar), exitCode: radar.isBroken ? EXIT.trustRefused : isNear ? EXIT.differs : EXIT.done };
}

export async function rotateKeys(options: RotateOptions, signal: AbortSignal): Promise<CommandResult> {
  const checkout = await openCheckout(options.keys);
  if (options.abandon) {
    const wasThere = await abandonProposal(checkout);
    return { data: { abandoned: wasThere }, lines: [wasThere ? "the proposed root is taken away" : "no root was proposed"] };
  }
  const { repository, floorIndex, floorFreshness } = options;
  const floors = { ...(floorIndex === undefined ? {} : { index: floorIndex }), ...(floorFreshness === undefined ? {} : { freshness: floorFreshness }) };
  const change = { days: options.expiresIn, roles: Object.fromEntries(options.role ?? []), floors, ...(repository === undefined ? {} : { repository }) };
  const { droppedSignatures } = await proposeRoot(checkout, change, systemClock.now());
  return signAndTell(options, signal, droppedSignatures);
}

export async function revokeKey(fingerprint: Fingerprint, options: RevokeOptions, signal: AbortSignal): Promise<CommandResult> {
  const checkout = await openCheckout(options.keys);
  const isKnown = [...checkout.roots.map(({ root }) => root), ...(checkout.proposal ? [checkout.proposal.value] : [])].some(({ certificates }) =>
    certificates.some((certificate) => certificate.fingerprint === fingerprint),
  );
  if (!isKnown)
    throw new RbuildError("keys.unknown-key", `no root of ${options.keys} ever gave ${fingerprint} a role`, {
      category: "not-found",
      hint: "rbuild keys list",
    });
  if (options.certificate !== undefined) await applyRevocation(options.keys, fingerprint, await readFile(options.certificate, "latin1"), systemClock.now());
  const change = { days: options.expiresIn, roles: Object.fromEntries(options.role ?? []), revoke: [{ fingerprint, reason: options.reason }] };
  const { droppedSignatures } = await proposeRoot(checkout, change, systemClock.now());
  return signAndTell(options, signal, droppedSignatures);
}

export async function signRoot(options: SignOptions, signal: AbortSignal): Promise<CommandResult> {
  return signAndTell(options, signal, false);
}

async function signAndTell({ keys, signWith = [], passphraseFd }: SignOptions, signal: AbortSignal, droppedSignatures: boolean): Promise<CommandResult> {
  for (const [position, choice] of signWith.entries()) {
    const pending = await openCheckout(keys);
    if (position > 0 && !pending.proposal) break; // those before were enough
    await using signer = await openSigner(choice, { passphraseFd, signal });
    await signProposal(pending, signer, systemClock.now(), { signal });
  }
  const checkout = await openCheckout(keys);
  const progress = await proposalProgress(checkout, systemClock.now());
  const isComplete = checkout.proposal === undefined;
  const version = checkout.proposal?.value.version ?? checkout.roots.at(-1)?.root.version ?? 0;
  return {
    data: { root: version, isComplete, progress: isComplete ? [] : progress },
    lines: progressLines(version, progress, isComplete),
    ...(droppedSignatures ? { notes: ["signatures over the earlier form of the proposal count no more"] } : {}),
  };
}

export async function drillKeys(directory: string, leaked: readonly Fingerprint[]): Promise<CommandResult> {
  const drill = await drillLeak(await openCheckout(directory), leaked, systemClock.now());
  return { data: drill, lines: drillLines(drill), exitCode: drill.canRecover && drill.clients.every(({ isSafe }) => isSafe) ? EXIT.done : EXIT.differs };
}
