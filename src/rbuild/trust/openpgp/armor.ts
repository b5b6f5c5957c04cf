/** RFC 9580, 6.2: the two kinds of block that are read here. */
export type ArmorKind = "SIGNATURE" | "PUBLIC KEY BLOCK";

const HEADER = /^[A-Za-z][A-Za-z-]{0,31}: [\x20-\x7e]{0,200}$/;
const BODY = /^[A-Za-z0-9+/]{1,76}={0,2}$/;
const CHECKSUM = /^=[A-Za-z0-9+/]{4}$/;

/**
 * The bytes in an ASCII-armoured text of exactly one block: nothing before it, nothing behind it but line ends.
 * @returns the bytes, or what is wrong, in words that follow "it …"
 */
export function decodeArmor(text: string, kind: ArmorKind): Uint8Array | string {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/[ \t]+$/, ""));
  while (lines.at(-1) === "") lines.pop();
  if (lines[0] !== `-----BEGIN PGP ${kind}-----`) return `does not begin with a PGP ${kind.toLowerCase()}`;
  if (lines.filter((line) => line.startsWith("-----")).length > 2) return "has more than one armour block";
  if (lines.at(-1) !== `-----END PGP ${kind}-----`) return "goes on behind its armour block, or ends within it";
  const blank = lines.indexOf("");
  const headers = blank === -1 ? [] : lines.slice(1, blank);
  const body = lines.slice(blank === -1 ? 1 : blank + 1, -1);
  if (blank === -1) return "has no empty line behind its armour headers";
  if (!headers.every((line) => HEADER.test(line))) return "has an armour header that is none";
  if (CHECKSUM.test(body.at(-1) ?? "")) body.pop();
  if (body.length === 0 || !body.every((line, index) => BODY.test(line) && (index === body.length - 1 || !line.endsWith("="))))
    return "has a line that is no base64";
  const joined = body.join("");
  const bytes = Buffer.from(joined, "base64");
  return joined.length % 4 === 0 && bytes.toString("base64") === joined ? new Uint8Array(bytes) : "is not base64 to its end";
}

/** One block, lines of 64 characters, no headers. With the checksum of RFC 4880, without which GnuPG 2.2 reads on behind some blocks. */
export function encodeArmor(bytes: Uint8Array, kind: ArmorKind): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN PGP ${kind}-----`, "", ...lines, `=${crc24(bytes)}`, `-----END PGP ${kind}-----`, ""].join("\n");
}

/** RFC 9580, 6.1.1, in base64. Never checked: it protects nothing. */
function crc24(bytes: Uint8Array): string {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1;
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb;
    }
  }
  return Buffer.from([(crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff]).toString("base64");
}
