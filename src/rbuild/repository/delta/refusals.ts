import type { Digest } from "../../../oci/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { BlobFile, DeltaFile } from "./delta-files.ts";

/** A delta that is to be undone. When that is refused, the blob can be had another way: whole. */
export interface Undoing {
  readonly from: BlobFile;
  /** As the index has it; its bytes need not have been checked. */
  readonly delta: Pick<DeltaFile, "path" | "size" | "sha256">;
  readonly expected: Pick<BlobFile, "digest" | "size">;
  readonly output: string;
}

export function damaged(undoing: Undoing, why: string, cause?: unknown): RbuildError {
  return damagedFile(undoing.delta.path, why, detailsOf(undoing), cause);
}

/** Where it is not known yet what a delta is of. */
export function damagedFile(path: string, why: string, details: Readonly<Record<string, unknown>> = { path }, cause?: unknown): RbuildError {
  const more = { category: "untrusted", hint: "fetch the delta again, or what it makes", details, ...(cause === undefined ? {} : { cause }) } as const;
  return new RbuildError("delta.damaged", `the delta ${path} is damaged: ${why}`, more);
}

export function expands(undoing: Undoing, size: number): RbuildError {
  const message = `the delta ${undoing.delta.path} makes ${size} bytes or more; the blob has ${undoing.expected.size}`;
  return new RbuildError("delta.expands", message, untrusted(undoing, DO_WITHOUT, { size }));
}

export function noProgram(undoing: Undoing, cause: unknown): RbuildError {
  const message = `the program zstd is not installed, so the delta ${undoing.delta.path} cannot be undone`;
  return new RbuildError("delta.no-zstd", message, { category: "unavailable", hint: "rbuild doctor --fix", details: detailsOf(undoing), cause });
}

export function tooMuchMemory(undoing: Undoing, needed: number, memory: number): RbuildError {
  const message = `undoing the delta ${undoing.delta.path} takes ${needed} bytes of memory; ${memory} may be used`;
  return new RbuildError("delta.too-much-memory", message, { category: "unavailable", details: { ...detailsOf(undoing), needed, memory } });
}

export function wrongBase(undoing: Undoing, why: string, cause?: unknown): RbuildError {
  const { path, digest } = undoing.from;
  return new RbuildError(
    "delta.wrong-base",
    `${path} is not ${digest}, which the delta starts from: ${why}`,
    untrusted(undoing, "name the file that has this digest, or fetch what the delta makes", { path }, cause),
  );
}

export function wrongResult(undoing: Undoing, found: Digest): RbuildError {
  const message = `the delta ${undoing.delta.path} makes ${found}, not ${undoing.expected.digest}`;
  return new RbuildError("delta.wrong-result", message, untrusted(undoing, DO_WITHOUT, { found }));
}

const DO_WITHOUT = "fetch what the delta should make, and tell whoever made it";

function untrusted(undoing: Undoing, hint: string, facts: Readonly<Record<string, unknown>>, cause?: unknown) {
  return { category: "untrusted", hint, details: { ...detailsOf(undoing), ...facts }, ...(cause === undefined ? {} : { cause }) } as const;
}

const detailsOf = ({ from, delta, expected }: Undoing) => ({ delta: delta.sha256, from: from.digest, to: expected.digest });
