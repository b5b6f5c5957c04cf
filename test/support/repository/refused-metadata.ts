/** Attacks on the way that every judge of signatures calls the same. */
export const REFUSED_METADATA = {
  mix: "trust.mix-and-match",
  unsigned: "trust.unsigned",
  "wrong-signature": "trust.unknown-key",
  "oversize-signature": "trust.too-large",
  "several-armours": "trust.malformed-signature",
  "packet-bomb": "trust.malformed-signature",
  "extra-packets": "trust.malformed-signature",
  "bitflip-metadata": "trust.malformed-metadata",
  short: "trust.malformed-metadata",
  endless: "trust.too-large",
} as const;
