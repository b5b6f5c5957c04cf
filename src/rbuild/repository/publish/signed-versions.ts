import { join } from "node:path";
import { namesIn } from "../../../system/index.ts";
import { readSigned, type SignedFile, type TrustedRoot } from "../../trust/client/root-chain.ts";
import { parseMetadata } from "../../trust/format/parse.ts";
import { openDirectorySource } from "../../trust/index.ts";
import { MAX_BYTES } from "../../trust/limits.ts";
import { isRefusal } from "../../trust/refusal.ts";
import { verifyThreshold } from "../../trust/threshold.ts";

type Kind = "freshness" | "index";

/**
 * The highest version of a freshness or index that a directory has, also of publications that were killed; 0 for none. What was never signed
 * by enough has no number: whoever puts such files there, a web server that the copy is from, would else have numbers run out.
 */
export async function highestSigned(directory: string, kind: Kind, roots: readonly TrustedRoot[], now: Date): Promise<number> {
  const source = openDirectorySource(directory);
  const files = (await namesIn(join(directory, kind))).flatMap((name) => {
    const version = /^([1-9]\d{0,9})\.(?:[0-9a-f]{64}\.)?json$/.exec(name)?.[1];
    return version === undefined ? [] : [{ path: `${kind}/${name}`, version: Number(version) }];
  });
  for (const { path, version } of files.sort((left, right) => right.version - left.version)) {
    const file = await readSigned(source, path, MAX_BYTES[kind]);
    if (!file || isRefusal(file)) continue;
    const parsed = parseMetadata(kind, file.bytes, path);
    if (!isRefusal(parsed) && parsed.value.version === version && (await isSigned(file, kind, roots, now))) return version;
  }
  return 0;
}

async function isSigned({ bytes, signature }: SignedFile, kind: Kind, roots: readonly TrustedRoot[], now: Date): Promise<boolean> {
  const role = kind === "index" ? "publisher" : "freshness";
  for (const root of roots.toReversed()) {
    const signed = await verifyThreshold(bytes, signature, { ...root, kind: "keyring" }, role, { what: kind, now, isLive: false });
    if (!isRefusal(signed)) return true;
  }
  return false;
}
