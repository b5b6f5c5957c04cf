import { digestOf } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import { writeCanonical } from "../../trust/format/canonical.ts";
import { timeText } from "../../trust/format/fields.ts";
import type { Freshness } from "../../trust/format/freshness.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";
import { repositoryPaths } from "../../trust/format/paths.ts";
import { type Signer, signingEnd } from "../../trust/index.ts";
import { addSignature } from "../../trust/signers/add-signature.ts";
import type { IndexContent } from "./index-content.ts";
import type { Staging } from "./staging.ts";

const DAY = 86_400_000;

type SigningRole = "publisher" | "freshness";

export interface SigningContext {
  readonly root: TrustedRoot;
  readonly signers: readonly Signer[];
  readonly staging: Staging;
  readonly now: Date;
  readonly signal?: AbortSignal;
}

/**
 * Those of the signers whose signatures count for a role.
 * @throws RbuildError `repository.too-few-signers`
 */
export function signersOf(role: SigningRole, { root, signers }: Pick<SigningContext, "root" | "signers">): Signer[] {
  const { keys, threshold } = root.root.roles[role];
  const able = [...new Map(signers.filter(({ fingerprint }) => keys.includes(fingerprint)).map((signer) => [signer.fingerprint, signer])).values()];
  if (able.length >= threshold) return able;
  const option = role === "freshness" ? "--freshness-signer" : "--signer";
  throw new RbuildError(
    "repository.too-few-signers",
    `${able.length} of those who sign may sign as ${role}, and root ${root.root.version} wants ${threshold}`,
    {
      category: "refused",
      hint: `${option} gpg:FINGERPRINT for ${threshold} of ${keys.join(", ")}`,
      details: { role, threshold, keys, signers: signers.map(({ fingerprint }) => fingerprint) },
    },
  );
}

export interface IndexReference {
  readonly version: number;
  readonly sha256: RepositoryIndex["images"][number]["manifest"];
  readonly size: number;
}

export async function stageIndex(content: IndexContent, version: number, expires: Date, context: SigningContext): Promise<IndexReference> {
  const { root, now, staging } = context;
  const value = { type: "index", formatVersion: 1, repository: root.root.repository, version, issued: timeText(now), expires: timeText(expires), ...content };
  const bytes = writeCanonical(value);
  const reference = { version, sha256: digestOf(bytes), size: bytes.byteLength };
  const path = repositoryPaths.index(version, reference.sha256);
  await staging.put(repositoryPaths.signature(path), await signed(bytes, "publisher", context));
  await staging.put(path, bytes);
  return reference;
}

/** Freshness, and the pointer to it. */
export async function stageFreshness(index: IndexReference, version: number, expires: Date, context: SigningContext): Promise<Freshness> {
  const { root, now, staging } = context;
  const value = {
    type: "freshness",
    formatVersion: 1,
    repository: root.root.repository,
    version,
    asOf: timeText(now),
    expires: timeText(expires),
    root: { version: root.root.version },
    index: { version: index.version, sha256: index.sha256, size: index.size },
  } satisfies Freshness;
  const bytes = writeCanonical(value);
  const path = repositoryPaths.freshness(version);
  await staging.put(repositoryPaths.signature(path), await signed(bytes, "freshness", context));
  await staging.put(path, bytes);
  await staging.put(repositoryPaths.current, writeCanonical({ type: "current", formatVersion: 1, freshness: { version } }));
  return value;
}

async function signed(bytes: Uint8Array, role: SigningRole, context: SigningContext): Promise<Uint8Array> {
  const { root, now, signal } = context;
  const certificates = root.root.roles[role].keys.flatMap((key) => root.certificates.get(key) ?? []);
  let signature: Uint8Array | undefined;
  for (const signer of signersOf(role, context)) {
    signature = Buffer.from(await addSignature(bytes, signature, signer, certificates, { now, ...(signal ? { signal } : {}) }));
  }
  return signature ?? new Uint8Array();
}

/**
 * Until when clients will believe what was signed: the first end of freshness, index, root and the keys that signed.
 * @returns the moment, and what ends then
 */
export async function believedUntil(
  { freshness, index }: { readonly freshness: Date; readonly index: Date },
  { root, signers, now }: Pick<SigningContext, "root" | "signers" | "now">,
): Promise<{ readonly until: Date; readonly what: string }> {
  const ends = [
    { what: "the freshness", until: freshness },
    { what: "the index", until: index },
    { what: `root ${root.root.version}`, until: new Date(root.root.expires) },
  ];
  for (const { fingerprint } of signers) {
    const certificate = root.certificates.get(fingerprint);
    const until = certificate && (await signingEnd(certificate, now));
    if (until) ends.push({ what: `the key ${fingerprint}`, until });
  }
  return ends.reduce((first, each) => (each.until < first.until ? each : first));
}

/** @throws RbuildError `repository.too-little-freshness` */
export function checkLife(believed: { readonly until: Date; readonly what: string }, minDays: number, now: Date): void {
  if (believed.until.getTime() - now.getTime() >= minDays * DAY) return;
  const days = Math.max(0, Math.floor((believed.until.getTime() - now.getTime()) / DAY));
  throw new RbuildError(
    "repository.too-little-freshness",
    `clients would believe what is published for ${days} days only, ${minDays} are wanted: ${believed.what} ends ${timeText(believed.until)}`,
    {
      category: "refused",
      hint: "--expires and --index-expires say how long; keys and roots: rbuild keys check",
      details: { until: timeText(believed.until), what: believed.what, days, minDays },
    },
  );
}

export const daysAfter = (now: Date, days: number): Date => new Date(now.getTime() + days * DAY);
export const daysUntil = (time: string, now: Date): number => (Date.parse(time) - now.getTime()) / DAY;
