import { createCleartextMessage, enums, generateKey, type PrivateKey, sign } from "openpgp";

export interface SigningKey {
  readonly privateKey: PrivateKey;
  /** Binary OpenPGP certificate. */
  readonly certificate: Uint8Array;
  /** Of the primary key, upper-case hex. */
  readonly fingerprint: string;
}

export interface SigningKeyOptions {
  readonly name?: string;
  /** Seconds since 1970; default 2020-01-01. */
  readonly created?: number;
  /** Seconds after `created`; default never. */
  readonly expiresAfter?: number;
}

const DEFAULT_CREATED = 1_577_836_800;

/** An Ed25519 key in the form that every GnuPG from 2.1 on reads. */
export async function makeSigningKey(options: SigningKeyOptions = {}): Promise<SigningKey> {
  const { privateKey } = await generateKey({
    type: "ecc",
    curve: "ed25519Legacy",
    userIDs: [{ name: options.name ?? "Test archive" }],
    date: new Date((options.created ?? DEFAULT_CREATED) * 1000),
    ...(options.expiresAfter === undefined ? {} : { keyExpirationTime: options.expiresAfter }),
    format: "object",
  });
  return { privateKey, certificate: privateKey.toPublic().write(), fingerprint: privateKey.getFingerprint().toUpperCase() };
}

/** RFC 9580, 7: the text in a cleartext signature of all keys. @param at seconds since 1970: time of the signature */
export async function signCleartext(text: string, keys: readonly SigningKey[], at: number): Promise<string> {
  return sign({
    message: await createCleartextMessage({ text }),
    signingKeys: keys.map(({ privateKey }) => privateKey),
    date: new Date(at * 1000),
    config: { preferredHashAlgorithm: enums.hash.sha256 },
  });
}
