import {
  abandonProposal,
  applyRevocation,
  type Fingerprint,
  proposalProgress,
  proposedChanges,
  proposeRoot,
  type RevocationReason,
  type Role,
  type RoleChange,
  signProposal,
} from "../../rbuild/trust/index.ts";
import { RbuildError, readFileIfExists, systemClock } from "../../system/index.ts";
import type { CommandResult } from "../session.ts";
import type { SignerChoice } from "./key-options.ts";
import { namesIn, openCheckout } from "./open-checkout.ts";
import { openSigner } from "./open-signers.ts";
import { completeLines, proposalLines } from "./proposal-text.ts";

const MAX_REVOCATION_BYTES = 64 * 1024;

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
  if (options.certificate !== undefined) await applyRevocation(options.keys, fingerprint, await readRevocation(options.certificate), systemClock.now());
  const change = { days: options.expiresIn, roles: Object.fromEntries(options.role ?? []), revoke: [{ fingerprint, reason: options.reason }] };
  const { droppedSignatures } = await proposeRoot(checkout, change, systemClock.now());
  return signAndTell(options, signal, droppedSignatures);
}

async function readRevocation(file: string): Promise<string> {
  const bytes = await readFileIfExists(file, MAX_REVOCATION_BYTES);
  if (bytes) return bytes.toString("latin1");
  throw new RbuildError("keys.unreadable", `there is no file ${file}`, { category: "invalid", hint: "gpg --gen-revoke FINGERPRINT > FILE" });
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
  const changes = proposedChanges(checkout);
  const version = checkout.proposal?.value.version ?? checkout.roots.at(-1)?.root.version ?? 0;
  return {
    data: { root: version, isComplete: !changes, progress: changes ? progress : [], ...(changes ? { changes } : {}) },
    lines: changes ? proposalLines(version, progress, changes, await namesIn(checkout)) : completeLines(version),
    ...(droppedSignatures ? { notes: ["signatures over the earlier form of the proposal count no more"] } : {}),
  };
}
