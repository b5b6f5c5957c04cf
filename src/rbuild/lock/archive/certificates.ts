import { type PublicKey, readKey, unarmor } from "openpgp";
import { RbuildError } from "../../../system/index.ts";
import { cutPackets, TAG } from "../../trust/openpgp/packets.ts";

/** An OpenPGP certificate and the bytes it was read from. */
export interface Certificate {
  readonly key: PublicKey;
  readonly bytes: Buffer;
}

const ARMOR = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/**
 * The certificates of a keyring, binary or armored. Those whose algorithms are not known here are left out.
 * @throws RbuildError `lock.keyring-invalid`
 */
export async function readCertificates(keyring: Buffer): Promise<Certificate[]> {
  const certificates: Certificate[] = [];
  for (const bytes of splitCertificates(await binaryOf(keyring))) {
    const key = await readKey({ binaryKey: bytes }).catch(() => undefined);
    if (key) certificates.push({ key: key.toPublic(), bytes });
  }
  if (certificates.length === 0) throw invalid("no certificate in it can be read");
  return certificates;
}

async function binaryOf(keyring: Buffer): Promise<Buffer> {
  const text = keyring.subarray(0, 4096).toString("latin1");
  if (!text.includes(ARMOR)) return keyring;
  try {
    const { data } = await unarmor(keyring.toString("utf8"));
    return Buffer.from(data as Uint8Array);
  } catch (error) {
    throw invalid("its armor is damaged", error);
  }
}

/** RFC 9580, 10.1: every certificate begins with a primary key's packet. */
function splitCertificates(keyring: Buffer): Buffer[] {
  const certificates: Uint8Array[][] = [];
  for (const packet of cutPackets(keyring)) {
    if (typeof packet === "string") throw invalid(`it ${packet}`);
    if (packet.tag === TAG.publicKey) certificates.push([]);
    certificates.at(-1)?.push(packet.bytes);
  }
  return certificates.map((packets) => Buffer.concat(packets));
}

function invalid(why: string, cause?: unknown): RbuildError {
  return new RbuildError("lock.keyring-invalid", `a keyring of an archive cannot be used: ${why}`, {
    category: "invalid",
    hint: "give a file as gpg --export, or gpg --export --armor, writes it",
    cause,
  });
}
