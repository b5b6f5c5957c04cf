import { z } from "zod";
import { type Digest, digestOf } from "../../../../oci/index.ts";
import { RbuildError } from "../../../../system/index.ts";
import { readCanonical, writeCanonical } from "../../../trust/format/canonical.ts";
import { digestField, repositoryField, versionField } from "../../../trust/format/fields.ts";
import { type Parsed, parseMetadata } from "../../../trust/format/parse.ts";
import { isRefusal } from "../../../trust/refusal.ts";

/** An index is at most half of it. */
export const MAX_REQUEST_BYTES = 64 * 2 ** 20;

const requestSchema = z.strictObject({
  type: z.literal("signing-request"),
  formatVersion: z.literal(1),
  repository: repositoryField,
  /** Whose roles are to sign. */
  root: z.strictObject({ version: versionField, sha256: digestField }),
  /** What the repository showed when this was prepared; absent before the first publication. */
  follows: z
    .strictObject({ index: z.strictObject({ version: versionField, sha256: digestField }), freshness: z.strictObject({ version: versionField }) })
    .exactOptional(),
  /** The bytes to be signed by publishers; absent where only the freshness is new. */
  index: z.string().exactOptional(),
  /** The bytes to be signed by the role freshness. */
  freshness: z.string(),
});

type Fields = Readonly<z.infer<typeof requestSchema>>;

/** A publication that waits for signatures, in one file that can be carried to those who sign. docs/repository-format.md, "Signing requests". */
export interface SigningRequest extends Omit<Fields, "index" | "freshness" | "type" | "formatVersion"> {
  readonly index?: Parsed<"index">;
  readonly freshness: Parsed<"freshness">;
  readonly bytes: Uint8Array;
  /** Of the request's bytes. */
  readonly digest: Digest;
}

export function writeRequest(fields: Omit<Fields, "type" | "formatVersion">): Uint8Array {
  return writeCanonical({ type: "signing-request", formatVersion: 1, ...fields });
}

/**
 * Reads a request and sees that its parts fit together. Nothing in it is trusted: it says what is to be signed, and no more.
 * @param what names the file in messages
 * @throws RbuildError `repository.request-damaged`
 */
export function readRequest(bytes: Uint8Array, what: string): SigningRequest {
  const read = readCanonical(bytes, what, MAX_REQUEST_BYTES);
  if (isRefusal(read)) throw damaged(what, read.message);
  const parsed = requestSchema.safeParse(read.value);
  if (!parsed.success) throw damaged(what, `${parsed.error.issues[0]?.path.map(String).join(".") || "it"}: ${parsed.error.issues[0]?.message ?? ""}`);
  const { index, freshness, repository, root, follows } = parsed.data;
  const signed = { index: index === undefined ? undefined : parsePart("index", index, what), freshness: parsePart("freshness", freshness, what) };
  const wrong = misfit({ repository, root, ...(follows ? { follows } : {}), ...signed });
  if (wrong) throw damaged(what, wrong);
  const parts = { freshness: signed.freshness, ...(signed.index ? { index: signed.index } : {}) };
  return { repository, root, ...(follows ? { follows } : {}), ...parts, bytes, digest: digestOf(bytes) };
}

function parsePart<T extends "index" | "freshness">(type: T, text: string, what: string): Parsed<T> {
  const parsed = parseMetadata(type, Buffer.from(text, "latin1"), `the ${type} in ${what}`);
  if (isRefusal(parsed)) throw damaged(what, parsed.message);
  return parsed;
}

function misfit({
  repository,
  root,
  follows,
  index,
  freshness,
}: Pick<SigningRequest, "repository" | "root" | "follows" | "freshness"> & { readonly index: Parsed<"index"> | undefined }): string | undefined {
  const { value } = freshness;
  if (value.repository !== repository || (index && index.value.repository !== repository)) return "its parts are of different repositories";
  if (value.root.version !== root.version) return "its freshness names another root";
  const named = index ? { version: index.value.version, sha256: index.digest } : follows?.index;
  if (!named) return "it has no index, and follows none";
  if (value.index.version !== named.version || value.index.sha256 !== named.sha256) return "its freshness names another index";
  if (index && value.index.size !== index.bytes.byteLength) return "its freshness gives the index another size";
  if (follows && value.version <= follows.freshness.version) return "its freshness is not newer than the one it follows";
  if (follows && index && index.value.version <= follows.index.version) return "its index is not newer than the one it follows";
  return undefined;
}

function damaged(what: string, why: string): RbuildError {
  return new RbuildError("repository.request-damaged", `${what} is no signing request: ${why}`, {
    category: "invalid",
    hint: "copy it again as rbuild image publish --prepare wrote it",
    details: { path: what },
  });
}
