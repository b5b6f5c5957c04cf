import { type PublicKey, readKey, unarmor } from "openpgp";
import { RbuildError } from "../../../system/index.ts";

/** An OpenPGP certificate and the bytes it was read from. */
export interface Certificate {
  readonly key: PublicKey;
  readonly bytes: Buffer;
}

const PUBLIC_KEY = 6;
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

/** RFC 9580, 4.2 and 10.1: every certificate begins with a primary key's packet. */
function splitCertificates(bytes: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const packet = packetAt(bytes, at);
    if (packet.tag === PUBLIC_KEY) starts.push(at);
    at = packet.end;
  }
  return starts.map((start, index) => bytes.subarray(start, starts[index + 1] ?? bytes.length));
}

function packetAt(bytes: Buffer, at: number): { readonly tag: number; readonly end: number } {
  const octet = (index: number): number => {
    const value = bytes[index];
    if (value === undefined) throw invalid("it ends within a packet");
    return value;
  };
  const head = octet(at);
  if ((head & 0x80) === 0) throw invalid("it is no OpenPGP keyring");
  let tag: number;
  let start: number;
  let length: number;
  if (head & 0x40) {
    tag = head & 0x3f;
    const first = octet(at + 1);
    if (first < 192) [start, length] = [at + 2, first];
    else if (first < 224) [start, length] = [at + 3, (first - 192) * 256 + octet(at + 2) + 192];
    else if (first === 255) [start, length] = [at + 6, octet(at + 2) * 2 ** 24 + octet(at + 3) * 2 ** 16 + octet(at + 4) * 2 ** 8 + octet(at + 5)];
    else throw invalid("a packet of it has no length");
  } else {
    tag = (head >> 2) & 0x0f;
    const width = { 0: 1, 1: 2, 2: 4 }[head & 3];
    if (width === undefined) throw invalid("a packet of it has no length");
    start = at + 1 + width;
    length = 0;
    for (let index = at + 1; index < start; index++) length = length * 256 + octet(index);
  }
  if (start + length > bytes.length) throw invalid("it ends within a packet");
  return { tag, end: start + length };
}

function invalid(why: string, cause?: unknown): RbuildError {
  return new RbuildError("lock.keyring-invalid", `a keyring of an archive cannot be used: ${why}`, {
    category: "invalid",
    hint: "give a file as gpg --export, or gpg --export --armor, writes it",
    cause,
  });
}
