import type { Fingerprint } from "./format/fields.ts";
import type { Role, Root } from "./format/root.ts";
import { type Certificate, readCertificate } from "./openpgp/certificate.ts";
import { type SignatureVerdict, splitSignatures, verifySignature } from "./openpgp/signature.ts";
import { isRefusal, type Refusal, refusal } from "./refusal.ts";

/** A root whose certificates have been read. */
export interface Keyring {
  readonly kind: "keyring";
  readonly root: Root;
  readonly certificates: ReadonlyMap<Fingerprint, Certificate>;
}

/** The certificates of a root. Each must be the one its fingerprint says. */
export async function openKeyring(root: Root): Promise<Keyring | Refusal> {
  const certificates = new Map<Fingerprint, Certificate>();
  for (const { fingerprint, armored } of root.certificates) {
    const certificate = await readCertificate(armored, `the certificate ${fingerprint} of root ${root.version}`);
    if (isRefusal(certificate)) return certificate;
    if (certificate.fingerprint !== fingerprint)
      return refusal("trust.malformed-certificate", `root ${root.version} has the certificate ${certificate.fingerprint} in the place of ${fingerprint}`);
    certificates.set(fingerprint, certificate);
  }
  return { kind: "keyring", root, certificates };
}

/** Who signed, each once however many keys and packets. */
export interface Signed {
  readonly kind: "signed";
  readonly signers: readonly Fingerprint[];
}

/**
 * Whether enough of a role's keys signed `data`. TUF specification, 5.3.4, 5.4.2, 5.5.3: the threshold counts signers.
 * @param isLive see `verifySignature`
 */
export async function verifyThreshold(
  data: Uint8Array,
  signature: Uint8Array | undefined,
  { root, certificates }: Keyring,
  role: Role,
  options: { readonly what: string; readonly now: Date; readonly isLive: boolean },
): Promise<Signed | Refusal> {
  const { what } = options;
  if (signature === undefined || signature.byteLength === 0) return refusal("trust.unsigned", `${what} has no signature`);
  const split = splitSignatures(signature, `the signature of ${what}`);
  if (isRefusal(split)) return split;
  const { keys, threshold } = root.roles[role];
  const revoked = new Set<Fingerprint>(root.revoked.map(({ fingerprint }) => fingerprint));
  const known = keys.filter((key) => !revoked.has(key)).flatMap((key) => certificates.get(key) ?? []);
  const verdicts: SignatureVerdict[] = [];
  for (const packet of split.packets) verdicts.push(await verifySignature(packet, data, known, options));
  const signers = [...new Set(verdicts.flatMap((verdict) => (verdict.kind === "good" ? [verdict.signer] : [])))].sort();
  return signers.length >= threshold ? { kind: "signed", signers } : tooFew(what, role, threshold, signers, verdicts);
}

/** Named for the one thing that is wrong with all signatures, or for the number when that is all there is to say. */
function tooFew(what: string, role: Role, threshold: number, signers: readonly Fingerprint[], verdicts: readonly SignatureVerdict[]): Refusal {
  const bad = verdicts.filter((verdict) => verdict.kind === "bad");
  const codes = new Set(bad.map(({ code }) => code));
  const [first] = bad;
  const reasons = bad.map(({ signer, why }) => `${signer === undefined ? "a signature" : `that of ${signer}`} ${why}`);
  const code = first !== undefined && codes.size === 1 && signers.length === 0 ? first.code : "trust.threshold";
  const counted = `${what} has ${signers.length} of the ${threshold} good ${role} signatures it needs`;
  return refusal(code, [counted, ...reasons].join("; ").slice(0, 1500), {
    ...(codes.has("trust.future-signature") ? { hint: "check this machine's clock: date --utc" } : {}),
    details: { role, threshold, signers, refused: bad.map(({ code: reason, signer }) => ({ code: reason, signer: signer ?? null })) },
  });
}
