import type { SignedFile, TrustedRoot } from "../client/root-chain.ts";
import type { Fingerprint } from "../format/fields.ts";
import { CLOCK_TOLERANCE } from "../limits.ts";
import { splitSignatures, verifySignature } from "../openpgp/signature.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import { rebuildersOf } from "./rebuilders.ts";
import { parseVerdict, type Verdict, type VerdictSubject } from "./statement.ts";

/** A verdict that counts, and its files. */
export interface SignedVerdict extends Verdict {
  readonly kind: "verdict";
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** Which verdict is looked for. */
export interface VerdictPlace {
  readonly image: VerdictSubject;
  readonly rebuilder: Fingerprint;
  readonly revision: number;
}

/**
 * Whether a file is the verdict of that rebuilder on that image, and his word counts. His key must be good now: his verdicts count again
 * once the root has his certificate with a later end.
 */
export async function judgeVerdict(
  file: SignedFile,
  { image, rebuilder, revision }: VerdictPlace,
  root: TrustedRoot,
  { now, what }: { readonly now: Date; readonly what: string },
): Promise<SignedVerdict | Refusal> {
  const parsed = parseVerdict(file.bytes, what);
  if (isRefusal(parsed)) return parsed;
  if (parsed.rebuilder !== rebuilder || parsed.revision !== revision)
    return refusal("trust.mix-and-match", `${what} is revision ${parsed.revision} by ${parsed.rebuilder}: a file was put in another's place`);
  const refused = (await judgeSigner(file, rebuilder, root, now, what)) ?? judgeSubject(parsed, image, what);
  if (refused) return refused;
  if (Date.parse(parsed.issued) > now.getTime() + CLOCK_TOLERANCE)
    return refusal("trust.future-signature", `${what} was made ${parsed.issued}, which is still to come`, { hint: "check this machine's clock: date --utc" });
  return { ...parsed, bytes: file.bytes, signature: file.signature ?? new Uint8Array() };
}

async function judgeSigner({ bytes, signature }: SignedFile, rebuilder: Fingerprint, root: TrustedRoot, now: Date, what: string): Promise<Refusal | undefined> {
  const found = rebuildersOf(root).find(({ certificate }) => certificate.fingerprint === rebuilder);
  if (!found) {
    const isRevoked = root.root.revoked.some(({ fingerprint }) => fingerprint === rebuilder);
    return isRevoked
      ? refusal("trust.revoked-key", `${what} is by ${rebuilder}, which root ${root.root.version} has revoked`)
      : refusal("trust.unknown-key", `${what} is by ${rebuilder}, whom root ${root.root.version} does not name as a rebuilder`);
  }
  if (found.dependence !== undefined) return refusal("trust.verdict-not-independent", `${what} does not count: ${rebuilder} ${found.dependence}`);
  if (signature === undefined || signature.byteLength === 0) return refusal("trust.unsigned", `${what} has no signature`);
  const split = splitSignatures(signature, `the signature of ${what}`);
  if (isRefusal(split)) return split;
  let first: Refusal | undefined;
  for (const packet of split.packets) {
    const verdict = await verifySignature(packet, bytes, [found.certificate], { now, isLive: true });
    if (verdict.kind === "good") return undefined;
    first ??= refusal(verdict.code, `${what} is not signed by ${rebuilder}: a signature ${verdict.why}`);
  }
  return first;
}

/** Everything that the index says of the image must be what the rebuilder had before him. */
function judgeSubject(verdict: Verdict, image: VerdictSubject, what: string): Refusal | undefined {
  const field = (["manifest", "name", "version", "architecture", "lock", "compatibilityVersion"] as const).find((each) => verdict[each] !== image[each]);
  if (field === undefined) return undefined;
  return refusal("trust.verdict-wrong-image", `${what} is about another image: its ${field} is ${verdict[field]}, and that of the index ${image[field]}`, {
    details: { field, found: verdict[field], wanted: image[field] },
  });
}
