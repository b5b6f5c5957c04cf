import type { TrustedRoot } from "../../../trust/client/root-chain.ts";
import type { Fingerprint } from "../../../trust/index.ts";
import { signaturesBySigner } from "../../../trust/signers/add-signature.ts";
import { certificatesOf, type SigningRole } from "../sign-metadata.ts";
import type { Part, Prepared } from "./prepared-files.ts";

export const roleOf = (part: Part): SigningRole => (part === "index" ? "publisher" : "freshness");

/** How far the signing of one file is. */
export interface SigningProgress {
  readonly part: Part;
  readonly role: SigningRole;
  readonly threshold: number;
  readonly signed: readonly Fingerprint[];
  readonly missing: readonly Fingerprint[];
  readonly isEnough: boolean;
}

/** Of the index, where there is one, and of the freshness. */
export async function signingProgress(
  { request, signatures }: Pick<Prepared, "request" | "signatures">,
  root: TrustedRoot,
  now: Date,
): Promise<SigningProgress[]> {
  const progress: SigningProgress[] = [];
  for (const part of ["index", "freshness"] as const) {
    const bytes = request[part]?.bytes;
    if (!bytes) continue;
    const role = roleOf(part);
    const { keys, threshold } = root.root.roles[role];
    const signers = await signaturesBySigner(bytes, signatures[part], certificatesOf(role, root), now);
    const signed = keys.filter((key) => signers.has(key));
    progress.push({ part, role, threshold, signed, missing: keys.filter((key) => !signers.has(key)), isEnough: signed.length >= threshold });
  }
  return progress;
}
