import { deflateRawSync } from "node:zlib";
import { type ArmorKind, encodeArmor } from "../../../../trust/openpgp/armor.ts";

/** 32 MiB of zeros in a compressed packet, which no signature and no certificate has. RFC 9580, 5.6. */
export function packetBomb(kind: ArmorKind): string {
  const packed = deflateRawSync(Buffer.alloc(32 * 2 ** 20));
  const head = Buffer.from([0xc8, 0xff, 0, 0, 0, 0, 1]);
  head.writeUInt32BE(packed.byteLength + 1, 2);
  return encodeArmor(Buffer.concat([head, packed]), kind);
}
