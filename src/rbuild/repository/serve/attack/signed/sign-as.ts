import { createMessage, enums, type LiteralDataPacket, PacketList, type PrivateKey, SignaturePacket } from "openpgp";
import { STRICT } from "../../../../trust/openpgp/policy.ts";

export interface SigningManner {
  /** When it says that it was made; nobody looks at whether the key could then. */
  readonly date: Date;
  readonly hash?: enums.hash;
  /** Which of the key's subkeys; default: the primary key. */
  readonly subkey?: number;
  /** Seconds until it expires, from `date`. */
  readonly lifetime?: number;
}

/** A detached signature packet such as no honest program would make. */
export async function signAs(key: PrivateKey, bytes: Uint8Array, { date, hash = enums.hash.sha512, subkey, lifetime }: SigningManner): Promise<Uint8Array> {
  const part = subkey === undefined ? key : key.subkeys[subkey];
  const secret = part?.keyPacket as (typeof key)["keyPacket"] | undefined;
  if (!secret) throw new TypeError(`the key has no subkey ${subkey}`);
  const packet = new SignaturePacket();
  packet.signatureType = enums.signature.binary;
  packet.publicKeyAlgorithm = secret.algorithm;
  packet.hashAlgorithm = hash;
  packet.signatureExpirationTime = lifetime ?? null;
  const [literal] = (await createMessage({ binary: bytes, format: "binary" })).packets as unknown as [LiteralDataPacket];
  // Its types leave out that it takes packets, and the configuration.
  const sign = packet.sign.bind(packet) as (...values: readonly unknown[]) => Promise<void>;
  await sign(secret, literal, date, true, { ...STRICT, nonDeterministicSignaturesViaNotation: false });
  const packets = new PacketList<SignaturePacket>();
  packets.push(packet);
  return packets.write();
}
