import { z } from "zod";
import { type Digest, digestFromHex, digestHex } from "../../../oci/index.ts";
import { readCanonical, writeCanonical } from "../format/canonical.ts";
import { digestField, type Fingerprint, fingerprintField, timeField } from "../format/fields.ts";
import { imageSchema, type RepositoryIndex } from "../format/index-file.ts";
import { MAX_BYTES, MAX_REVISIONS } from "../limits.ts";
import { type Refusal, refusal } from "../refusal.ts";

const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE = "urn:x-rbuild:verdict:v1";

const { name, version, architecture, compatibilityVersion } = imageSchema.shape;

/** An in-toto Statement (v1) of a predicate of our own. docs/repository-format.md, "Verdicts". */
const statementSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  predicateType: z.literal(PREDICATE_TYPE),
  subject: z.tuple([z.strictObject({ name, digest: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }) })]),
  predicate: z.strictObject({
    name,
    version,
    architecture,
    compatibilityVersion,
    lock: digestField,
    verdict: z.enum(["identical", "different"]),
    found: digestField,
    rebuilder: fingerprintField,
    revision: z.int().min(1).max(MAX_REVISIONS),
    issued: timeField,
    tool: z.strictObject({ name: z.string().min(1).max(64), version: z.string().min(1).max(64) }),
  }),
});

/** What a verdict is about, as an index says it. */
export type VerdictSubject = Pick<RepositoryIndex["images"][number], "name" | "version" | "architecture" | "compatibilityVersion" | "manifest" | "lock">;

/** What a rebuilder says of an image. */
export interface Verdict extends VerdictSubject {
  readonly verdict: "identical" | "different";
  /** Of the manifest that the lock gave him. */
  readonly found: Digest;
  readonly rebuilder: Fingerprint;
  /** From 1. */
  readonly revision: number;
  readonly issued: string;
  readonly tool: { readonly name: string; readonly version: string };
}

export function writeVerdict({ manifest, ...predicate }: Verdict): Uint8Array {
  const subject = [{ name: predicate.name, digest: { sha256: digestHex(manifest) } }];
  return writeCanonical({ _type: STATEMENT_TYPE, predicateType: PREDICATE_TYPE, subject, predicate: { ...predicate } });
}

/** What a verdict says, or why it is none. Nothing is said about who signed it. */
export function parseVerdict(bytes: Uint8Array, what: string): (Verdict & { readonly kind: "verdict" }) | Refusal {
  const read = readCanonical(bytes, what, MAX_BYTES.verdict);
  if (read.kind === "refused") return read;
  const result = statementSchema.safeParse(read.value);
  if (!result.success) {
    const problems = result.error.issues.slice(0, 3).map(({ path, message }) => `${path.map(String).join(".") || "it"}: ${message}`);
    return refusal("trust.malformed-metadata", `${what} is no verdict: ${problems.join("; ")}`);
  }
  const { subject, predicate } = result.data;
  const manifest = digestFromHex(subject[0].digest.sha256);
  if (subject[0].name !== predicate.name || (predicate.verdict === "identical") !== (predicate.found === manifest))
    return refusal("trust.malformed-metadata", `${what} contradicts itself`);
  return { kind: "verdict", manifest, ...predicate };
}
