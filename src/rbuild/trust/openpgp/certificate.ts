import { enums, type PublicKey, readKey } from "openpgp";
import { stripControl } from "../../../system/index.ts";
import { type Fingerprint, isFingerprint } from "../format/fields.ts";
import { MAX_BYTES, MAX_CERTIFICATE_PACKETS } from "../limits.ts";
import { type Refusal, refusal } from "../refusal.ts";
import { decodeArmor } from "./armor.ts";
import { splitPackets, TAG } from "./packets.ts";
import { LENIENT } from "./policy.ts";

/** Somebody's OpenPGP certificate: a primary key and its subkeys are one signer. */
export interface Certificate {
  readonly kind: "certificate";
  /** Of the primary key. */
  readonly fingerprint: Fingerprint;
  /** Each one line of text that can be shown. */
  readonly userIds: readonly string[];
  readonly created: Date;
  readonly key: PublicKey;
}

const PARTS = new Set<number>([TAG.publicKey, TAG.publicSubkey, TAG.userId, TAG.signature]);
const PARTS_WITH_IMAGES = new Set<number>([...PARTS, TAG.userAttribute]);

/** One certificate from an armoured text. Says nothing about whether its keys may sign: `standing.ts` does. */
export async function readCertificate(armored: string, what: string): Promise<Certificate | Refusal> {
  const refuse = (why: string) => refusal("trust.malformed-certificate", `${what} ${why}`);
  if (armored.length > MAX_BYTES.certificate)
    return refusal("trust.too-large", `${what} has ${armored.length} bytes; at most ${MAX_BYTES.certificate} are read`);
  const bytes = decodeArmor(armored, "PUBLIC KEY BLOCK");
  return typeof bytes === "string" ? refuse(bytes) : readCertificateBytes(bytes, what);
}

/** The same from the packets themselves. `hasImages`: user attributes are let in, for import, which drops them. */
export async function readCertificateBytes(bytes: Uint8Array, what: string, options: { readonly hasImages?: boolean } = {}): Promise<Certificate | Refusal> {
  const refuse = (why: string) => refusal("trust.malformed-certificate", `${what} ${why}`);
  const packets = splitPackets(bytes, options.hasImages ? PARTS_WITH_IMAGES : PARTS, MAX_CERTIFICATE_PACKETS);
  if (typeof packets === "string") return refuse(packets);
  if (packets[0]?.tag !== TAG.publicKey) return refuse("does not begin with a primary key");
  if (packets.filter(({ tag }) => tag === TAG.publicKey).length !== 1) return refuse("has more than one certificate");
  try {
    const key = await readKey({ binaryKey: bytes, config: { ...LENIENT, ignoreUnsupportedPackets: options.hasImages ?? false } });
    const fingerprint = key.getFingerprint().toUpperCase();
    if (!isFingerprint(fingerprint)) return refuse("has a key of a version that is not understood");
    return { kind: "certificate", fingerprint, userIds: key.getUserIDs().map(oneLine), created: key.getCreationTime(), key };
  } catch (error) {
    return refuse(`is not understood: ${error instanceof Error ? error.message.slice(0, 200) : String(error)}`);
  }
}

/** Without what could move a terminal's cursor or turn text around: anybody can call himself anything. */
function oneLine(userId: string): string {
  return stripControl(userId)
    .replaceAll(/[\n\t\u2028\u2029]/g, " ")
    .replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
}

/** `Ed25519`, `RSA 4096`, for people. */
export function algorithmText(key: Pick<PublicKey, "getAlgorithmInfo">): string {
  const { algorithm, bits, curve } = key.getAlgorithmInfo();
  if (bits !== undefined) return `RSA ${bits}`.replace("RSA", algorithm.startsWith("rsa") ? "RSA" : algorithm.toUpperCase());
  if (algorithm === "eddsaLegacy") return "Ed25519";
  return curve === undefined ? algorithm : `${algorithm.toUpperCase()} ${curve}`;
}

/** True for public-key algorithms that can make signatures at all. */
export function isSigningAlgorithm(algorithm: enums.publicKey): boolean {
  const { rsaEncryptSign, rsaSign, dsa, ecdsa, eddsaLegacy, ed25519, ed448 } = enums.publicKey;
  return [rsaEncryptSign, rsaSign, dsa, ecdsa, eddsaLegacy, ed25519, ed448].includes(algorithm);
}
