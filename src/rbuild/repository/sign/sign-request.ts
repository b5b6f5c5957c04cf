import { RbuildError } from "../../../system/index.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import type { Fingerprint, Signer } from "../../trust/index.ts";
import { type SignatureFile, writeSignatureFile } from "../publish/prepared/signature-file.ts";
import { revokedText, signedByAll, withRole } from "../publish/sign-metadata.ts";
import type { Examination } from "./examine-request.ts";

export interface SignedRequest {
  /** To be sent back to whoever prepared it. */
  readonly bytes: Uint8Array;
  readonly signed: readonly { readonly part: "index" | "freshness"; readonly signers: readonly Fingerprint[] }[];
}

/**
 * Signs of a request what the signers may, unless something speaks against it.
 * @throws RbuildError the first of the problems, `repository.signer-without-role`, `keys.signing-failed`
 */
export async function signRequest(
  { request, problems, roles }: Examination,
  signers: readonly Signer[],
  { root, now, signal }: { readonly root: TrustedRoot; readonly now: Date; readonly signal?: AbortSignal },
): Promise<SignedRequest> {
  const [problem] = problems;
  if (problem) throw problem;
  const useless = signers.find(({ fingerprint }) => !roles.some(({ keys }) => keys.includes(fingerprint)));
  if (useless) throw withoutRole(useless.fingerprint, roles, revokedText(root, [useless]));
  const context = { root, signers, now, ...(signal ? { signal } : {}) };
  const parts: { index?: NonNullable<SignatureFile["index"]>; freshness?: NonNullable<SignatureFile["freshness"]> } = {};
  const signed: SignedRequest["signed"][number][] = [];
  for (const { part, role } of roles) {
    const wanted = request[part];
    const signature = wanted && (await signedByAll(wanted.bytes, role, undefined, context));
    if (!wanted || !signature) continue;
    parts[part] = { sha256: wanted.digest, signature: Buffer.from(signature).toString("latin1") };
    signed.push({ part, signers: withRole(role, context).map(({ fingerprint }) => fingerprint) });
  }
  return { bytes: writeSignatureFile({ repository: request.repository, ...parts }), signed };
}

function withoutRole(fingerprint: Fingerprint, roles: Examination["roles"], more: string): RbuildError {
  const wanted = roles.map(({ role, keys }) => `${role}: ${keys.join(", ")}`);
  return new RbuildError("repository.signer-without-role", `a signature by ${fingerprint} would not count here${more}`, {
    category: "refused",
    hint: `those who may sign are ${wanted.join("; ")}`,
    details: { fingerprint, roles: roles.map(({ role, keys }) => ({ role, keys })) },
  });
}
