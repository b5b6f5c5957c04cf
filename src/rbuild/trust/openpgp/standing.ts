import { enums, type KeyID, type PublicKey, type Subkey } from "openpgp";
import { MAX_RSA_BITS } from "../limits.ts";
import type { TrustCode } from "../refusal.ts";
import type { Certificate } from "./certificate.ts";
import { LENIENT, STRICT } from "./policy.ts";

export type SigningKey = PublicKey | Subkey;

/** Whether a key of a certificate may sign at a moment; when not, why, in words that follow the key's name. */
export type Standing = { readonly kind: "good"; readonly key: SigningKey } | { readonly kind: "bad"; readonly code: TrustCode; readonly why: string };

const NEVER = new Set([enums.publicKey.dsa, enums.publicKey.elgamal]);

/**
 * Judges the primary key, the signing key and what binds them, as of `at`.
 * @param keyId which key; undefined: the one that the certificate's owner would sign with
 */
export async function standingOf({ key }: Certificate, keyId: KeyID | undefined, at: Date): Promise<Standing> {
  const subkey = keyId === undefined ? undefined : key.subkeys.find((part) => part.getKeyID().equals(keyId));
  if (keyId !== undefined && !subkey && !key.getKeyID().equals(keyId)) return bad("trust.unknown-key", "is no key of this certificate");
  const parts = subkey ? [key, subkey] : [key];
  if (await isRevoked(key, subkey, at)) return bad("trust.revoked-key", "is revoked");
  const weak = parts.map(weaknessOf).find((why) => why !== undefined);
  if (weak) return bad("trust.weak-algorithm", weak);
  if (parts.some((part) => part.getCreationTime() > at)) return bad("trust.future-key", `was not made before ${at.toISOString()}`);
  try {
    return { kind: "good", key: await key.getSigningKey(keyId, at, undefined, STRICT) };
  } catch (error) {
    return whyNot(key, subkey, keyId, at, error);
  }
}

function bad(code: TrustCode, why: string): Standing {
  return { kind: "bad", code, why };
}

/** Revocations count whatever hash they are made with; hard ones at any time (RFC 9580, 5.2.3.31). */
async function isRevoked(key: PublicKey, subkey: Subkey | undefined, at: Date): Promise<boolean> {
  if (await key.isRevoked(undefined, undefined, at, LENIENT)) return true;
  const anyBinding = undefined as never; // all revocations of the subkey count, not those of one binding's issuer alone
  return subkey !== undefined && (await subkey.isRevoked(anyBinding, anyBinding, at, LENIENT));
}

function weaknessOf(part: SigningKey): string | undefined {
  const { algorithm } = part.keyPacket;
  const { bits, curve } = part.getAlgorithmInfo();
  if (NEVER.has(algorithm)) return `is of ${enums.read(enums.publicKey, algorithm).toUpperCase()}, which is too weak`;
  if (bits !== undefined && bits < STRICT.minRSABits) return `is of RSA with ${bits} bits; ${STRICT.minRSABits} are needed`;
  if (bits !== undefined && bits > MAX_RSA_BITS) return `is of RSA with ${bits} bits; ${MAX_RSA_BITS} are the most`;
  if (curve === enums.curve.secp256k1) return `is on the curve ${curve}, which is not accepted`;
  return undefined;
}

/** The library gives one error for all reasons: they are told apart by what else would have been accepted. */
async function whyNot(key: PublicKey, subkey: Subkey | undefined, keyId: KeyID | undefined, at: Date, error: unknown): Promise<Standing> {
  const isGoodWith = (date: Date, config: typeof STRICT) =>
    key.getSigningKey(keyId, date, undefined, config).then(
      () => true,
      () => false,
    );
  if (await isGoodWith(at, LENIENT)) return bad("trust.weak-algorithm", "is bound to its certificate by a signature of a weak hash");
  const ends = [await expiryOf(key, subkey, at)].flat();
  const expired = ends.find((end) => end <= at);
  if (expired) return bad("trust.expired-key", `expired ${expired.toISOString()}`);
  const reason = error instanceof Error ? error.message.slice(0, 200) : String(error);
  return bad("trust.malformed-certificate", `may not sign: ${reason}`);
}

async function expiryOf(key: PublicKey, subkey: Subkey | undefined, at: Date): Promise<Date[]> {
  const ends = [await key.getExpirationTime(undefined, LENIENT)];
  if (subkey) ends.push(await subkey.getExpirationTime(at, LENIENT));
  return ends.filter((end) => end instanceof Date);
}

/** When the certificate's owner can sign no more, or undefined when that never happens or is so already. Of several signing keys the last. */
export async function signingEnd(certificate: Certificate, at: Date): Promise<Date | undefined> {
  const { key } = certificate;
  const primaryEnd = await key.getExpirationTime(undefined, STRICT);
  const ends: (Date | number)[] = [];
  for (const part of [key, ...key.subkeys]) {
    const standing = await standingOf(certificate, part.getKeyID(), at);
    if (standing.kind !== "good") continue;
    const own = "bindingSignatures" in part ? await part.getExpirationTime(at, STRICT) : Number.POSITIVE_INFINITY;
    ends.push(Math.min(Number(primaryEnd ?? 0), Number(own ?? 0)));
  }
  const last = Math.max(...ends.map(Number));
  return ends.length > 0 && Number.isFinite(last) ? new Date(last) : undefined;
}
