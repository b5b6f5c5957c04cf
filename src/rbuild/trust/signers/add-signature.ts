import { RbuildError } from "../../../system/index.ts";
import type { Fingerprint } from "../format/fields.ts";
import type { Certificate } from "../openpgp/certificate.ts";
import { joinSignatures, splitSignatures, verifySignature } from "../openpgp/signature.ts";
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
  return joinSignatures([...packets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, packet]) => packet));
}
