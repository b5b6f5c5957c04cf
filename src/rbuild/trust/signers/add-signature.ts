import { RbuildError } from "../../../system/index.ts";
import type { Fingerprint } from "../format/fields.ts";
import type { Certificate } from "../openpgp/certificate.ts";
import { joinSignatures, type SignatureVerdict, splitSignatures, verifySignature } from "../openpgp/signature.ts";
import { accepted } from "../refusal.ts";
import type { Signer } from "./signer.ts";

/** The good signatures in a signature file, by signer. */
export async function signaturesBySigner(
  data: Uint8Array,
  signature: Uint8Array | undefined,
  certificates: readonly Certificate[],
  now: Date,
): Promise<Map<Fingerprint, Uint8Array>> {
  const found = new Map<Fingerprint, Uint8Array>();
  if (signature === undefined || signature.byteLength === 0) return found;
  for (const packet of accepted(splitSignatures(signature, "the signature so far")).packets) {
    const verdict = await verifySignature(packet, data, certificates, { now, isLive: false });
    if (verdict.kind === "good") found.set(verdict.signer, packet);
  }
  return found;
}

/**
 * A signature file with one more signature, in the place of an earlier one by the same signer; bad ones are left out. What was made is
 * checked as a client would check it.
 * @param certificates of those whose signature may count here
 * @returns the new content of the signature file
 * @throws RbuildError `keys.signing-failed`
 */
export async function addSignature(
  data: Uint8Array,
  before: Uint8Array | undefined,
  signer: Signer,
  certificates: readonly Certificate[],
  options: { readonly now: Date; readonly signal?: AbortSignal },
): Promise<string> {
  const made = await signer.sign(data, options.signal === undefined ? {} : { signal: options.signal });
  const verdict = await verifySignature(made, data, certificates, { now: options.now, isLive: true });
  if (verdict.kind === "bad")
    throw new RbuildError("keys.signing-failed", `the signature just made would be refused: it ${verdict.why} [${verdict.code}]`, {
      hint: "rbuild keys check",
    });
  const packets = await signaturesBySigner(data, before, certificates, options.now);
  packets.set(verdict.signer, made);
  return joined(packets);
}

/** What came of signatures that others made. */
export interface MergedSignatures {
  /** The new content of the signature file; undefined when no signature counts. */
  readonly signature: string | undefined;
  /** Whose were added, or made anew. */
  readonly added: readonly Fingerprint[];
  /** Those that were given and do not count, and why, in words that follow "it". */
  readonly refused: readonly Extract<SignatureVerdict, { readonly kind: "bad" }>[];
}

/**
 * A signature file with those signatures of another that count now.
 * @throws RbuildError `trust.malformed-signature`, `trust.too-large`
 */
export async function mergeSignatures(
  data: Uint8Array,
  before: Uint8Array | undefined,
  given: Uint8Array,
  certificates: readonly Certificate[],
  now: Date,
): Promise<MergedSignatures> {
  const packets = await signaturesBySigner(data, before, certificates, now);
  const added: Fingerprint[] = [];
  const refused: Extract<SignatureVerdict, { readonly kind: "bad" }>[] = [];
  for (const packet of accepted(splitSignatures(given, "the signature that was given")).packets) {
    const verdict = await verifySignature(packet, data, certificates, { now, isLive: true });
    if (verdict.kind === "bad") {
      refused.push(verdict);
      continue;
    }
    packets.set(verdict.signer, packet);
    added.push(verdict.signer);
  }
  return { signature: packets.size === 0 ? undefined : joined(packets), added, refused };
}

/** In the order of their fingerprints. */
function joined(packets: ReadonlyMap<Fingerprint, Uint8Array>): string {
  return joinSignatures([...packets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, packet]) => packet));
}
