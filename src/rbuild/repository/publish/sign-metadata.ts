import { digestOf } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import { writeCanonical } from "../../trust/format/canonical.ts";
import { timeText } from "../../trust/format/fields.ts";
import type { Freshness } from "../../trust/format/freshness.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";
import { repositoryPaths } from "../../trust/format/paths.ts";
import type { Signer } from "../../trust/index.ts";
import type { Certificate } from "../../trust/openpgp/certificate.ts";
import { addSignature } from "../../trust/signers/add-signature.ts";
import type { IndexContent } from "./index-content.ts";
import type { Staging } from "./staging.ts";

export type SigningRole = "publisher" | "freshness";

export interface SigningContext {
  readonly root: TrustedRoot;
  readonly signers: readonly Signer[];
  readonly staging: Staging;
  readonly now: Date;
  readonly signal?: AbortSignal;
}

/** Those of the signers who have a role, each once. */
export function withRole(role: SigningRole, { root, signers }: Pick<SigningContext, "root" | "signers">): Signer[] {
  const { keys } = root.root.roles[role];
  return [...new Map(signers.filter(({ fingerprint }) => keys.includes(fingerprint)).map((signer) => [signer.fingerprint, signer])).values()];
}

/**
 * Those of the signers whose signatures count for a role.
 * @throws RbuildError `repository.too-few-signers`
 */
export function signersOf(role: SigningRole, { root, signers }: Pick<SigningContext, "root" | "signers">): Signer[] {
  const { keys, threshold } = root.root.roles[role];
  const able = withRole(role, { root, signers });
  if (able.length >= threshold) return able;
  const option = role === "freshness" ? "--freshness-signer" : "--signer";
  throw new RbuildError(
    "repository.too-few-signers",
    `${able.length} of those who sign may sign as ${role}, and root ${root.root.version} wants ${threshold}${revokedText(root, signers)}`,
    {
      category: "refused",
      hint: `${option} gpg:FINGERPRINT for ${threshold} of ${keys.join(", ")}`,
      details: { role, threshold, keys, signers: signers.map(({ fingerprint }) => fingerprint) },
    },
  );
}

/** For messages: those of the signers whom the root has revoked. */
export function revokedText({ root }: Pick<TrustedRoot, "root">, signers: readonly Pick<Signer, "fingerprint">[]): string {
  const revoked = root.revoked.filter(({ fingerprint }) => signers.some((signer) => signer.fingerprint === fingerprint));
  return revoked.map(({ fingerprint, reason }) => `; ${fingerprint} is revoked by root ${root.version} (${reason})`).join("");
}

export interface IndexReference {
  readonly version: number;
  readonly sha256: RepositoryIndex["images"][number]["manifest"];
  readonly size: number;
}

/** Its bytes, and what a freshness says of them. */
export function indexBytes(
  content: IndexContent,
  version: number,
  { root, now, expires }: Pick<SigningContext, "root" | "now"> & { readonly expires: Date },
): { readonly bytes: Uint8Array; readonly reference: IndexReference } {
  const value = { type: "index", formatVersion: 1, repository: root.root.repository, version, issued: timeText(now), expires: timeText(expires), ...content };
  const bytes = writeCanonical(value);
  return { bytes, reference: { version, sha256: digestOf(bytes), size: bytes.byteLength } };
}

export async function stageIndex(content: IndexContent, version: number, expires: Date, context: SigningContext): Promise<IndexReference> {
  const { staging } = context;
  const { bytes, reference } = indexBytes(content, version, { ...context, expires });
  const path = repositoryPaths.index(version, reference.sha256);
  await staging.put(repositoryPaths.signature(path), await signed(bytes, "publisher", context));
  await staging.put(path, bytes);
  return reference;
}

export function freshnessOf(
  index: IndexReference,
  version: number,
  { root, now, expires }: Pick<SigningContext, "root" | "now"> & { readonly expires: Date },
): Freshness {
  return {
    type: "freshness",
    formatVersion: 1,
    repository: root.root.repository,
    version,
    asOf: timeText(now),
    expires: timeText(expires),
    root: { version: root.root.version },
    index: { version: index.version, sha256: index.sha256, size: index.size },
  };
}

/** Freshness, and the pointer to it. */
export async function stageFreshness(index: IndexReference, version: number, expires: Date, context: SigningContext): Promise<Freshness> {
  const value = freshnessOf(index, version, { ...context, expires });
  const bytes = writeCanonical(value);
  await stageSignedFreshness(value, bytes, await signed(bytes, "freshness", context), context.staging);
  return value;
}

export async function stageSignedFreshness({ version }: Freshness, bytes: Uint8Array, signature: Uint8Array, staging: Staging): Promise<void> {
  const path = repositoryPaths.freshness(version);
  await staging.put(repositoryPaths.signature(path), signature);
  await staging.put(path, bytes);
  await staging.put(repositoryPaths.current, writeCanonical({ type: "current", formatVersion: 1, freshness: { version } }));
}

async function signed(bytes: Uint8Array, role: SigningRole, context: SigningContext): Promise<Uint8Array> {
  signersOf(role, context);
  return (await signedByAll(bytes, role, undefined, context)) ?? new Uint8Array();
}

export function certificatesOf(role: SigningRole, { root, certificates }: Pick<TrustedRoot, "root" | "certificates">): Certificate[] {
  return root.roles[role].keys.flatMap((key) => certificates.get(key) ?? []);
}

/** A signature file with those of all signers who have the role, however many; on top of what there is. */
export async function signedByAll(
  bytes: Uint8Array,
  role: SigningRole,
  before: Uint8Array | undefined,
  context: Omit<SigningContext, "staging">,
): Promise<Uint8Array | undefined> {
  const { root, now, signal } = context;
  const certificates = certificatesOf(role, root);
  let signature = before;
  for (const signer of withRole(role, context)) {
    signature = Buffer.from(await addSignature(bytes, signature, signer, certificates, { now, ...(signal ? { signal } : {}) }));
  }
  return signature;
}
