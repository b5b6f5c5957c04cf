import type { Digest } from "../../../oci/index.ts";
import { judgeLifetime } from "../format/lifetime.ts";
import { parseMetadata } from "../format/parse.ts";
import { repositoryPaths } from "../format/paths.ts";
import { MAX_BYTES, MAX_ROOT_STEPS } from "../limits.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import { type Keyring, openKeyring, verifyThreshold } from "../threshold.ts";
import type { MetadataSource } from "./metadata-source.ts";

/** A root that is signed by its own threshold and by that of the one before. */
export interface TrustedRoot extends Omit<Keyring, "kind"> {
  readonly kind: "trusted-root";
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SignedFile {
  readonly kind: "signed-file";
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array | undefined;
}

/** A file and its signature, or undefined when there is no such file. */
export async function readSigned(source: MetadataSource, path: string, maxBytes: number): Promise<SignedFile | Refusal | undefined> {
  const file = await source.read(path, maxBytes);
  if (file.kind === "absent") return undefined;
  const tooLarge = (name: string, limit: number) =>
    refusal("trust.too-large", `${name} of ${source.name} has more than ${limit} bytes: it may be endless data`);
  if (file.kind === "too-large") return tooLarge(path, maxBytes);
  const signaturePath = repositoryPaths.signature(path);
  const signature = await source.read(signaturePath, MAX_BYTES.signature);
  if (signature.kind === "too-large") return tooLarge(signaturePath, MAX_BYTES.signature);
  return { kind: "signed-file", bytes: file.bytes, signature: signature.kind === "bytes" ? signature.bytes : undefined };
}

/**
 * Judges root N+1 by root N; version 1 by itself, which is only to be asked of a checkout. TUF specification, 5.3.3 to 5.3.7.
 * Its keys are judged as of when they signed, because those of a root that was followed by others may have expired since.
 */
export async function verifyRoot(before: TrustedRoot | undefined, file: SignedFile, now: Date, what: string): Promise<TrustedRoot | Refusal> {
  const parsed = parseMetadata("root", file.bytes, what);
  if (isRefusal(parsed)) return parsed;
  const { value: root, bytes, digest } = parsed;
  const expected = (before?.root.version ?? 0) + 1;
  if (root.version < expected) return refusal("trust.rollback", `${what} is version ${root.version} in the place of ${expected}: an older root was put there`);
  if (root.version > expected)
    return refusal("trust.root-gap", `${what} is version ${root.version} in the place of ${expected}: roots follow each other one by one`);
  if (before && root.repository !== before.root.repository)
    return refusal("trust.wrong-repository", `${what} is of the repository ${root.repository}, not ${before.root.repository}`);
  if (before && root.previous !== before.digest)
    return refusal("trust.mix-and-match", `${what} follows another root ${before.root.version} than the one that is trusted here`);
  const tooLong = judgeLifetime("root", { from: root.issued, expires: root.expires }, what);
  if (tooLong) return tooLong;
  const keyring = await openKeyring(root, before);
  if (isRefusal(keyring)) return keyring;
  for (const judge of before ? [{ ...before, kind: "keyring" as const }, keyring] : [keyring]) {
    const signed = await verifyThreshold(bytes, file.signature, judge, "root", { what: `${what}, judged by root ${judge.root.version},`, now, isLive: false });
    if (isRefusal(signed)) return signed;
  }
  return { ...keyring, kind: "trusted-root", digest, bytes, signature: file.signature ?? new Uint8Array() };
}

/** Follows roots from `start` as far as the source has them. Undefined `start`: from version 1, which must be a checkout's. */
export async function* followRoots(start: TrustedRoot | undefined, source: MetadataSource, now: Date): AsyncGenerator<TrustedRoot | Refusal> {
  let last = start;
  for (let step = 0; step < MAX_ROOT_STEPS; step++) {
    const version = (last?.root.version ?? 0) + 1;
    const path = repositoryPaths.root(version);
    const file = await readSigned(source, path, MAX_BYTES.root);
    if (file === undefined) return;
    const result: TrustedRoot | Refusal = isRefusal(file) ? file : await verifyRoot(last, file, now, `${path} of ${source.name}`);
    yield result;
    if (isRefusal(result)) return;
    last = result;
  }
  yield refusal("trust.endless-data", `${source.name} has more than ${MAX_ROOT_STEPS} new roots`);
}

export function missing(repository: MetadataSource, path: string): Refusal {
  return refusal("trust.missing-file", `${repository.name} has no ${path}`, { hint: "try another mirror, or see that the place is a repository" });
}
