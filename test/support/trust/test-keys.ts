import { type Config, config, createMessage, enums, generateKey, type PrivateKey, readPrivateKey, sign } from "openpgp";
import type { Fingerprint, Signer } from "../../../src/rbuild/trust/index.ts";

/** When the tests happen, and when their keys were made. */
export const NOW = new Date("2026-11-21T12:00:00Z");
export const MADE = new Date("2026-01-01T00:00:00Z");

export interface TestKey {
  readonly fingerprint: Fingerprint;
  readonly armored: string;
  readonly privateKey: PrivateKey;
  readonly revocation: string;
  /** A detached signature packet. */
  sign(data: Uint8Array, options?: SignOptions): Promise<Uint8Array>;
  readonly signer: Signer;
}

interface SignOptions {
  readonly date?: Date;
  readonly config?: Partial<Config>;
  /** Another form of the secret key, armoured. */
  readonly key?: string;
  /** Index into the private key's subkeys; default: the newest signing key. */
  readonly subkey?: number;
}

interface KeyOptions {
  readonly date?: Date;
  /** Days until it expires, from `date`. */
  readonly days?: number;
  /** `ecc` is what GnuPG 2.2 calls ed25519; `curve25519` is the form of RFC 9580. Default: `ecc`. */
  readonly type?: "curve25519" | "ecc" | "rsa";
  readonly rsaBits?: number;
  readonly signingSubkeys?: number;
  readonly config?: Partial<Config>;
}

export async function testKey(name: string, options: KeyOptions = {}): Promise<TestKey> {
  const { date = MADE, days, type = "ecc" } = options;
  const { privateKey, publicKey, revocationCertificate } = await generateKey({
    type,
    ...(type === "rsa" ? { rsaBits: options.rsaBits ?? 3072 } : type === "ecc" ? { curve: "ed25519Legacy" as const } : {}),
    userIDs: [{ name, email: `${name}@example.org` }],
    date,
    ...(days === undefined ? {} : { keyExpirationTime: days * 86_400 }),
    subkeys: Array.from({ length: options.signingSubkeys ?? 0 }, () => ({ sign: true })),
    format: "object",
    ...(options.config === undefined ? {} : { config: options.config }),
  });
  const fingerprint = publicKey.getFingerprint().toUpperCase() as Fingerprint;
  const signWith = async (data: Uint8Array, { date: made = NOW, config: own = {}, subkey, key }: SignOptions = {}) =>
    signDetached(key === undefined ? privateKey : await readPrivateKey({ armoredKey: key }), data, made, own, subkey);
  return {
    fingerprint,
    armored: publicKey.armor(),
    privateKey,
    revocation: revocationCertificate,
    sign: signWith,
    signer: { fingerprint, sign: (data) => signWith(data), async [Symbol.asyncDispose]() {} },
  };
}

async function signDetached(key: PrivateKey, data: Uint8Array, date: Date, own: Partial<Config>, subkey?: number): Promise<Uint8Array> {
  const message = await createMessage({ binary: data, format: "binary" });
  const signingKeyIDs = subkey === undefined ? [] : [key.subkeys[subkey]!.getKeyID()];
  const settings = { ...config, preferredHashAlgorithm: enums.hash.sha512, ...own };
  return (await sign({ message, signingKeys: key, signingKeyIDs, detached: true, format: "binary", date, config: settings })) as Uint8Array;
}
