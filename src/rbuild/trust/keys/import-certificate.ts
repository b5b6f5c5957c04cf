import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { PublicKey } from "openpgp";
import { writeFileAtomic } from "../../../system/index.ts";
import { MAX_BYTES } from "../limits.ts";
import { decodeArmor, encodeArmor } from "../openpgp/armor.ts";
import { type Certificate, isSigningAlgorithm, readCertificate, readCertificateBytes } from "../openpgp/certificate.ts";
import { standingOf } from "../openpgp/standing.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import { readCertificates } from "./checkout.ts";

export interface Imported {
  readonly kind: "imported";
  readonly change: "added" | "updated" | "unchanged";
  readonly certificate: Certificate;
  readonly path: string;
}

/**
 * Puts a certificate into `keys/<FINGERPRINT>.asc`, without what nobody needs to check a signature: others' certifications, pictures, keys to
 * encrypt to. What is there already is kept, so that a revocation cannot be imported away. Gives nobody a right: a root does.
 */
export async function importCertificate(directory: string, bytes: Uint8Array, what: string, now: Date): Promise<Imported | Refusal> {
  const given = await readAny(bytes, what);
  if (isRefusal(given)) return given;
  const known = await readCertificates(directory);
  if (isRefusal(known)) return known;
  const before = known.find(({ fingerprint }) => fingerprint === given.fingerprint);
  const merged = before ? await before.key.update(given.key, now) : given.key;
  const armored = encodeArmor(reduce(merged).write(), "PUBLIC KEY BLOCK");
  const certificate = await readCertificate(armored, what);
  if (isRefusal(certificate)) return certificate;
  const standing = await standingOf(certificate, undefined, now);
  // a revocation must always get in
  if (standing.kind === "bad" && standing.code !== "trust.revoked-key") return refusal(standing.code, `${what}: ${certificate.fingerprint} ${standing.why}`);
  const path = join(directory, `${certificate.fingerprint}.asc`);
  const change = !before ? "added" : before.armored === armored ? "unchanged" : "updated";
  if (change !== "unchanged") {
    await mkdir(directory, { recursive: true });
    await writeFileAtomic(path, armored);
  }
  return { kind: "imported", change, certificate, path };
}

async function readAny(bytes: Uint8Array, what: string): Promise<Certificate | Refusal> {
  if (bytes.byteLength > MAX_BYTES.certificate * 16)
    return refusal("trust.too-large", `${what} has ${bytes.byteLength} bytes; at most ${MAX_BYTES.certificate * 16} are imported`);
  const isArmored = ((bytes[0] ?? 0) & 0x80) === 0;
  const decoded = isArmored ? decodeArmor(Buffer.from(bytes).toString("latin1").trimStart(), "PUBLIC KEY BLOCK") : bytes;
  return typeof decoded === "string" ? refusal("trust.malformed-certificate", `${what} ${decoded}`) : readCertificateBytes(decoded, what, { hasImages: true });
}

function reduce(key: PublicKey): PublicKey {
  key.users = key.users.filter((user) => user.userID !== null && user.selfCertifications.length > 0);
  for (const user of key.users) user.otherCertifications = [];
  key.subkeys = key.subkeys.filter(({ keyPacket }) => isSigningAlgorithm(keyPacket.algorithm));
  return key;
}
