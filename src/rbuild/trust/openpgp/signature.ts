import { createMessage, enums, readSignature, type SignaturePacket } from "openpgp";
import type { Fingerprint } from "../format/fields.ts";
import { CLOCK_TOLERANCE, MAX_BYTES, MAX_SIGNATURE_PACKETS } from "../limits.ts";
import { type Refusal, refusal, type TrustCode } from "../refusal.ts";
import { decodeArmor, encodeArmor } from "./armor.ts";
import type { Certificate } from "./certificate.ts";
import { splitPackets, TAG } from "./packets.ts";
import { STRICT } from "./policy.ts";
import { standingOf } from "./standing.ts";

const SIGNATURES = new Set<number>([TAG.signature]);

/** What is said of one signature packet. */
export type SignatureVerdict =
  | { readonly kind: "good"; readonly signer: Fingerprint; readonly made: Date }
  | {
      readonly kind: "bad";
      readonly code: TrustCode;
      readonly signer?: Fingerprint /** ID of an unknown key. */;
      readonly issuer?: string;
      readonly why: string;
    };

/** The signature packets of a detached signature: one armour block of nothing else. */
export function splitSignatures(bytes: Uint8Array, what: string): { readonly kind: "split"; readonly packets: readonly Uint8Array[] } | Refusal {
  if (bytes.byteLength > MAX_BYTES.signature)
    return refusal("trust.too-large", `${what} has ${bytes.byteLength} bytes; at most ${MAX_BYTES.signature} are read`);
  const decoded = decodeArmor(Buffer.from(bytes).toString("latin1"), "SIGNATURE");
  if (typeof decoded === "string") return refusal("trust.malformed-signature", `${what} ${decoded}`);
  const packets = splitPackets(decoded, SIGNATURES, MAX_SIGNATURE_PACKETS);
  if (typeof packets === "string") return refusal("trust.malformed-signature", `${what} ${packets}`);
  return { kind: "split", packets: packets.map((packet) => packet.bytes) };
}

export function joinSignatures(packets: readonly Uint8Array[]): string {
  return encodeArmor(Buffer.concat(packets), "SIGNATURE");
}

/**
 * Judges one signature packet over `data`. With `isLive` the key must be good now: what is renewed all the time must be signed by a key that
 * still is. Without, it must have been good when it signed.
 */
export async function verifySignature(
  packetBytes: Uint8Array,
  data: Uint8Array,
  certificates: readonly Certificate[],
  { now, isLive }: { readonly now: Date; readonly isLive: boolean },
): Promise<SignatureVerdict> {
  let packet: SignaturePacket | undefined;
  try {
    packet = (await readSignature({ binarySignature: packetBytes, config: STRICT })).packets[0];
  } catch (error) {
    return { kind: "bad", code: "trust.malformed-signature", why: `is not understood: ${messageOf(error)}` };
  }
  if (!packet?.created || packet.signatureType !== enums.signature.binary)
    return { kind: "bad", code: "trust.malformed-signature", why: "is no signature over a file's bytes" };
  const { created, issuerKeyID } = packet;
  const candidates = certificates.filter(({ key }) => key.getKeyIDs().some((id) => id.equals(issuerKeyID)));
  // somebody may have put another's key into his certificate: that must not keep the other's signature from counting
  let verdict: SignatureVerdict | undefined;
  for (const certificate of candidates) {
    verdict = await verifyAs(certificate, packet, created, data, { now, isLive });
    if (verdict.kind === "good") break;
  }
  const issuer = issuerKeyID.toHex().toUpperCase();
  return verdict ?? { kind: "bad", code: "trust.unknown-key", issuer, why: `is by the key ${issuer}, which has no right to sign this` };
}

async function verifyAs(
  certificate: Certificate,
  packet: SignaturePacket,
  created: Date,
  data: Uint8Array,
  { now, isLive }: { readonly now: Date; readonly isLive: boolean },
): Promise<SignatureVerdict> {
  const signer = certificate.fingerprint;
  const bad = (code: TrustCode, why: string): SignatureVerdict => ({ kind: "bad", code, signer, why });
  if (created.getTime() > now.getTime() + CLOCK_TOLERANCE) return bad("trust.future-signature", `was made ${created.toISOString()}, which is still to come`);
  if (Number(packet.getExpirationTime()) <= now.getTime()) return bad("trust.expired-signature", "has expired");
  if (packet.hashAlgorithm === null || STRICT.rejectMessageHashAlgorithms.has(packet.hashAlgorithm))
    return bad("trust.weak-algorithm", "is made with a weak hash");
  // a certificate that was renewed since need not have its older binding signatures any more: so not as of both moments
  const standing = await standingOf(certificate, packet.issuerKeyID, isLive ? now : created);
  if (standing.kind === "bad") return bad(standing.code, `is by a key that ${standing.why}`);
  if (standing.key.getCreationTime() > created) return bad("trust.future-key", `was made ${created.toISOString()}, before the key it is by`);
  try {
    const [literal] = (await createMessage({ binary: data, format: "binary" })).packets;
    // null: when it was made was judged above
    await packet.verify(standing.key.keyPacket, enums.signature.binary, literal as object, null as never, true, STRICT);
  } catch (error) {
    return bad("trust.bad-signature", `does not fit these bytes: ${messageOf(error)}`);
  }
  return { kind: "good", signer, made: created };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : String(error);
}
