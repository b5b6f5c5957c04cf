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
  /** Of keys that the root has revoked, as far as roots before it had them. They say who signed, and never count. */
  readonly revoked: ReadonlyMap<Fingerprint, Certificate>;
}

/**
 * The certificates of a root. Each must be the one its fingerprint says.
 * @param before the keyring of the root that it follows
 */
export async function openKeyring(root: Root, before?: Pick<Keyring, "certificates" | "revoked">): Promise<Keyring | Refusal> {
  const certificates = new Map<Fingerprint, Certificate>();
  for (const { fingerprint, armored } of root.certificates) {
    const certificate = await readCertificate(armored, `the certificate ${fingerprint} of root ${root.version}`);
    if (isRefusal(certificate)) return certificate;
    if (certificate.fingerprint !== fingerprint)
      return refusal("trust.malformed-certificate", `root ${root.version} has the certificate ${certificate.fingerprint} in the place of ${fingerprint}`);
    certificates.set(fingerprint, certificate);
  }
  const revoked = new Map<Fingerprint, Certificate>();
  for (const { fingerprint } of root.revoked) {
    const certificate = before?.certificates.get(fingerprint) ?? before?.revoked.get(fingerprint);
    if (certificate) revoked.set(fingerprint, certificate);
  }
  return { kind: "keyring", root, certificates, revoked };
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
  keyring: Keyring,
  role: Role,
  options: { readonly what: string; readonly now: Date; readonly isLive: boolean },
): Promise<Signed | Refusal> {
  const { what } = options;
  const { root, certificates } = keyring;
  if (signature === undefined || signature.byteLength === 0) return refusal("trust.unsigned", `${what} has no signature`);
  const split = splitSignatures(signature, `the signature of ${what}`);
  if (isRefusal(split)) return split;
  const { keys, threshold } = root.roles[role];
  const revoked = new Set<Fingerprint>(root.revoked.map(({ fingerprint }) => fingerprint));
  const known = keys.filter((key) => !revoked.has(key)).flatMap((key) => certificates.get(key) ?? []);
  const verdicts: SignatureVerdict[] = [];
  for (const packet of split.packets) {
    const verdict = await verifySignature(packet, data, known, options);
    const isUnknown = verdict.kind === "bad" && verdict.code === "trust.unknown-key";
    verdicts.push((isUnknown ? await judgeRevoked(packet, data, keyring, verdict.issuer, options.now) : undefined) ?? verdict);
  }
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

/**
 * A signature by a key that the root has revoked. Undefined when it is by none of these.
 * @param issuer the key's ID that the packet names: of the primary key where no root before had the certificate
 */
async function judgeRevoked(
  packet: Uint8Array,
  data: Uint8Array,
  { root, revoked }: Keyring,
  issuer: string | undefined,
  now: Date,
): Promise<SignatureVerdict | undefined> {
  for (const { fingerprint, reason, since } of root.revoked) {
    const certificate = revoked.get(fingerprint);
    const judged = certificate && (await verifySignature(packet, data, [certificate], { now, isLive: false }));
    if (judged?.kind === "bad" && judged.code === "trust.unknown-key") continue;
    if (!judged && issuer !== keyIdOf(fingerprint)) continue;
    if (judged?.kind === "bad" && judged.code === "trust.bad-signature") return judged;
    const why = `is by a key that root ${root.version} has revoked (${reason}, since ${since})`;
    return { kind: "bad", code: "trust.revoked-key", signer: fingerprint, why };
  }
  return undefined;
}

/** RFC 9580, 5.5.4. */
function keyIdOf(fingerprint: Fingerprint): string {
  return fingerprint.length === 40 ? fingerprint.slice(-16) : fingerprint.slice(0, 16);
}
