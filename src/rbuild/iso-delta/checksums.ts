import { open } from "node:fs/promises";
import { basename } from "node:path";
import { type Digest, digestFromHex } from "../../oci/index.ts";
import { RbuildError, readWithin } from "../../system/index.ts";
import type { TrustedRoot } from "../trust/client/root-chain.ts";
import { MAX_BYTES } from "../trust/limits.ts";
import { accepted } from "../trust/refusal.ts";
import { verifyThreshold } from "../trust/threshold.ts";

/** Of a file of checksums, bytes. */
const MAX_SUMS = 1024 * 1024;
/** As sha256sum(1) writes them: digest, a space, a space or asterisk, name. */
const LINE = /^([0-9a-f]{64}) [ *](.+)$/;

export interface SignedSums {
  /** Detached, in armour. */
  readonly signature: string;
  /** Whose publishers count. */
  readonly root: TrustedRoot;
  readonly now: Date;
}

/**
 * The digest that a file of checksums has for a name.
 * @throws RbuildError `delta.unlisted` (none, or two), `trust.*` (not signed as demanded)
 */
export async function listedDigest(path: string, name: string, signed?: SignedSums): Promise<Digest> {
  const bytes = await readSmall(path, MAX_SUMS);
  if (signed) {
    const signature = await readSmall(signed.signature, MAX_BYTES.signature);
    // Its keys are judged as of when they signed: checksums are not renewed.
    accepted(await verifyThreshold(bytes, signature, { ...signed.root, kind: "keyring" }, "publisher", { what: path, now: signed.now, isLive: false }));
  }
  const wanted = basename(name);
  const found = new Set<string>();
  for (const line of bytes.toString("utf8").split("\n")) {
    const [, hex, listed] = LINE.exec(line) ?? [];
    if (hex !== undefined && listed === wanted) found.add(hex);
  }
  const [hex] = found;
  if (hex !== undefined && found.size === 1) return digestFromHex(hex);
  throw new RbuildError("delta.unlisted", `${path} has ${found.size === 0 ? "no digest" : `${found.size} digests`} of ${wanted}`, {
    category: "invalid",
    hint: "write the ISO under the name that it has there, or name its digest with --expect",
    details: { path, name: wanted },
  });
}

async function readSmall(path: string, maxBytes: number): Promise<Buffer> {
  await using handle = await open(path);
  const bytes = await readWithin(handle, maxBytes);
  if (bytes) return bytes;
  throw new RbuildError("delta.unlisted", `${path} has more than ${maxBytes} bytes: it is no list of checksums, nor a signature of one`, {
    category: "invalid",
    details: { path, most: maxBytes },
  });
}
