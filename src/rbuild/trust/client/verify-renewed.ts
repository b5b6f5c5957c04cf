import type { Role } from "../format/root.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import { type Signed, verifyThreshold } from "../threshold.ts";
import type { SignedFile, TrustedRoot } from "./root-chain.ts";

/** Those who signed could do so then, and too few of their keys have not expired since: it is authentic, and nobody vouches for it any more. */
interface Lapsed {
  readonly kind: "lapsed";
  readonly reason: Refusal;
}

/** Judges what is signed anew again and again: by keys that are good now, or were when they signed. TUF specification, 5.4.2, 5.5.3. */
export async function verifyRenewed(
  { bytes, signature }: SignedFile,
  root: TrustedRoot,
  role: Role,
  options: { readonly what: string; readonly now: Date },
): Promise<Signed | Lapsed | Refusal> {
  const keyring = { ...root, kind: "keyring" as const };
  const live = await verifyThreshold(bytes, signature, keyring, role, { ...options, isLive: true });
  if (!isRefusal(live) || !isByExpired(live)) return live;
  const then = await verifyThreshold(bytes, signature, keyring, role, { ...options, isLive: false });
  if (isRefusal(then)) return live;
  return { kind: "lapsed", reason: { ...live, hint: "what the tree pins stays usable; whoever publishes: rbuild keys check, then sign anew" } };
}

/** For what is found: why it has lapsed, if it has. */
export function lapsedOf(signed: Signed | Lapsed): { readonly lapsed?: Refusal } {
  return signed.kind === "lapsed" ? { lapsed: signed.reason } : {};
}

function isByExpired({ details }: Refusal): boolean {
  const refused: unknown = details?.["refused"];
  return Array.isArray(refused) && refused.some((each: { readonly code?: unknown }) => each.code === "trust.expired-key");
}
