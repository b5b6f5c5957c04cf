import { SIGNED_ATTACKS } from "./signed/signed-attacks.ts";

/** What `--attack` can do, each as it looks from the client's side. */
export const ATTACKS = {
  rollback: "current.json names the oldest state that the directory has",
  freeze: "current.json stays what it was when the server started, whatever is published",
  mix: "the index is that of another state, under the name that the freshness gives",
  "withheld-root": "no root but the first can be had",
  "withheld-verdicts": "no rebuilder's verdict can be had",
  unsigned: "no signature can be had",
  "wrong-signature": "every signature is that of root 1",
  "oversize-signature": "signatures have 64 MiB",
  "several-armours": "signatures come twice, one armour block behind the other",
  "extra-packets": "signatures have a packet more, which is none",
  "packet-bomb": "signatures are a compressed packet of 32 MiB",
  bitflip: "one bit of each blob, package, lock and delta is another",
  "bitflip-metadata": "one bit of each JSON file is another",
  swap: "a request for a part of a file is answered with other bytes under the same tag",
  truncate: "half of each file, then the connection ends",
  short: "half of each file, with a length that says it is all",
  longer: "each file and then a mebibyte more, with a length that says so",
  endless: "bytes without end, with a length of 8 TiB",
  "no-length": "files as they are, without Content-Length: the connection's end is theirs",
  "chunked-forever": "files as they are, chunked, and then chunks without end",
  slow: "one byte a second",
  stall: "headers, and then nothing",
  bomb: "Content-Encoding: gzip, and 8 GiB of zeros in it",
  redirect: "302 to itself, round and round",
  "redirect-downgrade": "302 to file:///etc/passwd",
  "captive-portal": "a page to log in, with 200, in the place of everything",
  "error-page": "503 with a page, for everything",
  "range-lie": "206 with another range than the one that was asked for",
  "header-injection": "headers with bare line feeds, twice the same length, and text where none belongs",
  "huge-headers": "headers of 4 MiB",
  reset: "the connection is reset in the middle of a file, every second time that it is asked for",
  ...SIGNED_ATTACKS,
} as const;

export type Attack = keyof typeof ATTACKS;

export function isAttack(name: string): name is Attack {
  return Object.hasOwn(ATTACKS, name);
}
