import { join } from "node:path";
import { RbuildError, writeFileAtomic } from "../../../system/index.ts";
import type { Fingerprint } from "../format/fields.ts";
import { repositoryPaths } from "../format/paths.ts";
import type { Root } from "../format/root.ts";
import { joinSignatures, splitSignatures, verifySignature } from "../openpgp/signature.ts";
import { accepted } from "../refusal.ts";
import type { Signer } from "../signers/signer.ts";
import { openKeyring } from "../threshold.ts";
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
  const keyrings = await judges(checkout);
  const certificates = keyrings.flatMap(({ root, certificates: known }) => root.roles.root.keys.flatMap((key) => known.get(key) ?? []));
  if (!certificates.some(({ fingerprint }) => fingerprint === signer.fingerprint))
    throw new RbuildError("keys.not-a-root-key", `${signer.fingerprint} has the role root neither in the newest root nor in the proposed one`, {
      category: "refused",
      hint: "rbuild keys list",
    });
  const made = await signer.sign(proposal.bytes, options);
  const verdict = await verifySignature(made, proposal.bytes, certificates, { now, isLive: true });
  if (verdict.kind === "bad")
    throw new RbuildError("keys.signing-failed", `the signature just made would be refused: it ${verdict.why} [${verdict.code}]`, {
      hint: "rbuild keys check",
    });
  const packets = await signaturesBy(checkout, now);
  packets.set(verdict.signer, made);
  const sorted = [...packets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, packet]) => packet);
  const path = join(directory, repositoryPaths.root(proposal.value.version));
  await writeFileAtomic(repositoryPaths.signature(path), joinSignatures(sorted));
}

/** What is signed of a proposal, and by whom not yet; first by the root before, then by the proposed one. */
export async function proposalProgress(checkout: Checkout, now: Date): Promise<readonly Progress[]> {
  const signers = [...(await signaturesBy(checkout, now)).keys()];
  return (await judges(checkout)).map(({ root }) => ({
    root: root.version,
    threshold: root.roles.root.threshold,
    signed: root.roles.root.keys.filter((key) => signers.includes(key)),
    missing: root.roles.root.keys.filter((key) => !signers.includes(key)),
  }));
}

async function judges({ roots, proposal }: Checkout) {
  const before = roots.at(-1);
  const own: Root | undefined = proposal?.value;
  return [...(before ? [{ ...before, kind: "keyring" as const }] : []), ...(own ? [accepted(await openKeyring(own))] : [])];
}

async function signaturesBy(checkout: Checkout, now: Date): Promise<Map<Fingerprint, Uint8Array>> {
  const { proposal } = checkout;
  const found = new Map<Fingerprint, Uint8Array>();
  if (!proposal?.signature) return found;
  const certificates = (await judges(checkout)).flatMap((judge) => [...judge.certificates.values()]);
  for (const packet of accepted(splitSignatures(proposal.signature, "the proposal's signature")).packets) {
    const verdict = await verifySignature(packet, proposal.bytes, certificates, { now, isLive: false });
    if (verdict.kind === "good") found.set(verdict.signer, packet);
  }
  return found;
}
