import { join } from "node:path";
import { RbuildError, writeFileAtomic } from "../../../system/index.ts";
import type { Fingerprint } from "../format/fields.ts";
import { repositoryPaths } from "../format/paths.ts";
import type { Certificate } from "../openpgp/certificate.ts";
import { accepted } from "../refusal.ts";
import { addSignature, signaturesBySigner } from "../signers/add-signature.ts";
import type { Signer } from "../signers/signer.ts";
import { type Keyring, openKeyring } from "../threshold.ts";
import type { Checkout } from "./checkout.ts";

/** How far the signing of a proposal is, judged by one root. */
export interface Progress {
  /** Version of the root that judges: the one before, or the proposed one itself. */
  readonly root: number;
  readonly threshold: number;
  readonly signed: readonly Fingerprint[];
  readonly missing: readonly Fingerprint[];
}

/**
 * Adds one signature to the pending proposal, in the place of an earlier one by the same signer. It becomes the root with the signature
 * that completes both thresholds.
 * @throws RbuildError `keys.no-proposal`, `keys.not-a-root-key`, `keys.signing-failed`
 */
export async function signProposal(checkout: Checkout, signer: Signer, now: Date, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
  const { proposal, directory } = checkout;
  if (!proposal)
    throw new RbuildError("keys.no-proposal", `${directory} has no root that waits for signatures`, { category: "not-found", hint: "rbuild keys rotate" });
  const certificates = rootCertificates(await judges(checkout));
  if (!certificates.some(({ fingerprint }) => fingerprint === signer.fingerprint))
    throw new RbuildError("keys.not-a-root-key", `${signer.fingerprint} has the role root neither in the newest root nor in the proposed one`, {
      category: "refused",
      hint: "rbuild keys list",
    });
  const signature = await addSignature(proposal.bytes, proposal.signature, signer, certificates, { ...options, now });
  await writeFileAtomic(join(directory, repositoryPaths.signature(repositoryPaths.root(proposal.value.version))), signature);
}

/** What is signed of a proposal, and by whom not yet; first by the root before, then by the proposed one. */
export async function proposalProgress(checkout: Checkout, now: Date): Promise<readonly Progress[]> {
  const { proposal } = checkout;
  if (!proposal) return [];
  const progress: Progress[] = [];
  for (const keyring of await judges(checkout)) {
    const { keys, threshold } = keyring.root.roles.root;
    const signers = await signaturesBySigner(proposal.bytes, proposal.signature, rootCertificates([keyring]), now);
    const isMissing = (key: Fingerprint) => !signers.has(key);
    progress.push({ root: keyring.root.version, threshold, signed: keys.filter((key) => !isMissing(key)), missing: keys.filter(isMissing) });
  }
  return progress;
}

/** Whose thresholds a proposal needs. */
async function judges({ roots, proposal }: Checkout): Promise<readonly Keyring[]> {
  const before = roots.at(-1);
  return [...(before ? [{ ...before, kind: "keyring" as const }] : []), ...(proposal ? [accepted(await openKeyring(proposal.value))] : [])];
}

/** Of the role root; in several forms where roots have several: what counts for one of them is kept. */
function rootCertificates(keyrings: readonly Keyring[]): readonly Certificate[] {
  return keyrings.flatMap(({ root, certificates }) => root.roles.root.keys.flatMap((key) => certificates.get(key) ?? []));
}
