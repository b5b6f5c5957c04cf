import { digestOf } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import { writeCanonical } from "../../trust/format/canonical.ts";
import { timeText } from "../../trust/format/fields.ts";
import type { Freshness } from "../../trust/format/freshness.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";
import { repositoryPaths } from "../../trust/format/paths.ts";
import type { Signer } from "../../trust/index.ts";
import { addSignature } from "../../trust/signers/add-signature.ts";
import type { IndexContent } from "./index-content.ts";
import type { Staging } from "./staging.ts";

type SigningRole = "publisher" | "freshness";

export interface SigningContext {
  readonly root: TrustedRoot;
  readonly signers: readonly Signer[];
  readonly staging: Staging;
  readonly now: Date;
  readonly signal?: AbortSignal;
}

/**
 * Those of the signers whose signatures count for a role.
 * @throws RbuildError `repository.too-few-signers`
 */
export function signersOf(role: SigningRole, { root, signers }: Pick<SigningContext, "root" | "signers">): Signer[] {
  const { keys, threshold } = root.root.roles[role];
  const able = [...new Map(signers.filter(({ fingerprint }) => keys.includes(fingerprint)).map((signer) => [signer.fingerprint, signer])).values()];
  if (able.length >= threshold) return able;
  const option = role === "freshness" ? "--freshness-signer" : "--signer";
  throw new RbuildError(
    "repository.too-few-signers",
    `${able.length} of those who sign may sign as ${role}, and root ${root.root.version} wants ${threshold}`,
    {
      category: "refused",
      hint: `${option} gpg:FINGERPRINT for ${threshold} of ${keys.join(", ")}`,
      details: { role, threshold, keys, signers: signers.map(({ fingerprint }) => fingerprint) },
    },
  );
}

export interface IndexReference {
  readonly version: number;
  readonly sha256: RepositoryIndex["images"][number]["manifest"];
  readonly size: number;
}

export async function stageIndex(content: IndexContent, version: number, expires: Date, context: SigningContext): Promise<IndexReference> {
  const { root, now, staging } = context;
  const value = { type: "index", formatVersion: 1, repository: root.root.repository, version, issued: timeText(now), expires: timeText(expires), ...content };
  const bytes = writeCanonical(value);
  const reference = { version, sha256: digestOf(bytes), size: bytes.byteLength };
  const path = repositoryPaths.index(version, reference.sha256);
  await staging.put(repositoryPaths.signature(path), await signed(bytes, "publisher", context));
  await staging.put(path, bytes);
  return reference;
}

/** Freshness, and the pointer to it. */
export async function stageFreshness(index: IndexReference, version: number, expires: Date, context: SigningContext): Promise<Freshness> {
  const { root, now, staging } = context;
  const value = {
    type: "freshness",
    formatVersion: 1,
    repository: root.root.repository,
    version,
    asOf: timeText(now),
    expires: timeText(expires),
    root: { version: root.root.version },
    index: { version: index.version, sha256: index.sha256, size: index.size },
  } satisfies Freshness;
  const bytes = writeCanonical(value);
  const path = repositoryPaths.freshness(version);
  await staging.put(repositoryPaths.signature(path), await signed(bytes, "freshness", context));
  await staging.put(path, bytes);
  await staging.put(repositoryPaths.current, writeCanonical({ type: "current", formatVersion: 1, freshness: { version } }));
  return value;
}

async function signed(bytes: Uint8Array, role: SigningRole, context: SigningContext): Promise<Uint8Array> {
  const { root, now, signal } = context;
  const certificates = root.root.roles[role].keys.flatMap((key) => root.certificates.get(key) ?? []);
  let signature: Uint8Array | undefined;
  for (const signer of signersOf(role, context)) {
    signature = Buffer.from(await addSignature(bytes, signature, signer, certificates, { now, ...(signal ? { signal } : {}) }));
  }
  return signature ?? new Uint8Array();
}
