import { type Config, config, enums } from "openpgp";
import { MIN_RSA_BITS } from "../limits.ts";

const WEAK_HASHES = new Set([enums.hash.md5, enums.hash.sha1, enums.hash.ripemd, enums.hash.sha224]);

/** What counts: signatures over data and within certificates alike. */
export const STRICT: Config = {
  ...config,
  minRSABits: MIN_RSA_BITS,
  rejectHashAlgorithms: WEAK_HASHES,
  rejectMessageHashAlgorithms: WEAK_HASHES,
  rejectPublicKeyAlgorithms: new Set([enums.publicKey.dsa, enums.publicKey.elgamal]),
  rejectCurves: new Set([enums.curve.secp256k1]),
  ignoreUnsupportedPackets: false,
  ignoreMalformedPackets: false,
  enableParsingV5Entities: false,
  allowMissingKeyFlags: false,
  allowInsecureVerificationWithReformattedKeys: false,
  maxUserIDLength: 1024,
  maxDecompressedMessageSize: 0,
  knownNotations: [],
};

/** To tell why something does not count, and for revocations, which count whatever they are made with. */
export const LENIENT: Config = {
  ...STRICT,
  minRSABits: 0,
  rejectHashAlgorithms: new Set(),
  rejectMessageHashAlgorithms: new Set(),
  rejectPublicKeyAlgorithms: new Set(),
  rejectCurves: new Set(),
};
