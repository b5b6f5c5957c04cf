import { z } from "zod";
import { RbuildError } from "../../../../system/index.ts";
import { readCanonical, writeCanonical } from "../../../trust/format/canonical.ts";
import { digestField, repositoryField } from "../../../trust/format/fields.ts";
import { MAX_BYTES } from "../../../trust/limits.ts";
import { isRefusal } from "../../../trust/refusal.ts";

export const MAX_SIGNATURE_FILE_BYTES = 3 * MAX_BYTES.signature;

/** Whose bytes, and one armoured block of signatures over them. */
const partSchema = z.strictObject({ sha256: digestField, signature: z.string().max(MAX_BYTES.signature) });

const fileSchema = z.strictObject({
  type: z.literal("signatures"),
  formatVersion: z.literal(1),
  repository: repositoryField,
  index: partSchema.exactOptional(),
  freshness: partSchema.exactOptional(),
});

/** What a signer sends back. docs/repository-format.md, "Signing requests". */
export type SignatureFile = Readonly<Omit<z.infer<typeof fileSchema>, "type" | "formatVersion">>;

export function writeSignatureFile(file: SignatureFile): Uint8Array {
  return writeCanonical({ type: "signatures", formatVersion: 1, ...file });
}

/** @throws RbuildError `repository.signature-file-damaged` */
export function readSignatureFile(bytes: Uint8Array, what: string): SignatureFile {
  const read = readCanonical(bytes, what, MAX_SIGNATURE_FILE_BYTES);
  const parsed = isRefusal(read) ? undefined : fileSchema.safeParse(read.value);
  if (parsed?.success) return parsed.data;
  const why = isRefusal(read) ? read.message : (parsed?.error?.issues[0]?.message ?? "it has another form");
  throw noSignatureFile(what, why);
}

export function noSignatureFile(what: string, why: string): RbuildError {
  return new RbuildError("repository.signature-file-damaged", `${what} is no file of signatures: ${why}`, {
    category: "invalid",
    hint: "copy it again as rbuild image sign wrote it",
    details: { path: what },
  });
}
