import { RbuildError, readFileIfExists } from "../../../../system/index.ts";
import { refusalError } from "../../../trust/refusal.ts";
import { mergeSignatures } from "../../../trust/signers/add-signature.ts";
import { certificatesOf, type SigningContext } from "../sign-metadata.ts";
import type { Part, Prepared } from "./prepared-files.ts";
import { roleOf } from "./progress.ts";
import { MAX_SIGNATURE_FILE_BYTES, noSignatureFile, readSignatureFile } from "./signature-file.ts";

/**
 * The signatures so far with those of files that signers sent.
 * @throws RbuildError `repository.signature-file-damaged`, `repository.other-signature`, and codes `trust.*` for what would not count
 */
export async function addSignatureFiles(
  { request, signatures }: Prepared,
  files: readonly string[],
  { root, now }: Pick<SigningContext, "root" | "now">,
): Promise<Prepared["signatures"]> {
  const joined: Partial<Record<Part, Uint8Array>> = { ...signatures };
  for (const file of files) {
    const bytes = await readFileIfExists(file, MAX_SIGNATURE_FILE_BYTES);
    if (!bytes) throw noSignatureFile(file, "there is no such file");
    const given = readSignatureFile(bytes, file);
    for (const part of ["index", "freshness"] as const) {
      const [signed, wanted] = [given[part], request[part]];
      if (!signed) continue;
      if (!wanted || signed.sha256 !== wanted.digest) throw otherSignature(file, part, signed.sha256, wanted?.digest);
      const role = roleOf(part);
      const merged = await mergeSignatures(wanted.bytes, joined[part], Buffer.from(signed.signature, "latin1"), certificatesOf(role, root), now);
      const [refused] = merged.refused;
      if (refused && merged.added.length === 0) {
        const { code, why, signer } = refused;
        throw refusalError({
          kind: "refused",
          code,
          message: `the signature over the ${part} in ${file} ${why}`,
          details: { file, part, signer: signer ?? null },
        });
      }
      if (merged.signature !== undefined) joined[part] = Buffer.from(merged.signature);
    }
  }
  return joined;
}

function otherSignature(file: string, part: Part, found: string, wanted: string | undefined): RbuildError {
  return new RbuildError("repository.other-signature", `${file} is over another ${part} (${found}) than the one that is prepared (${wanted ?? "none"})`, {
    category: "conflict",
    hint: "have the request signed that was written last: rbuild image sign FILE shows its digests",
    details: { file, part, found, wanted: wanted ?? null },
  });
}
