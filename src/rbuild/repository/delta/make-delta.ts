import { RbuildError } from "../../../system/index.ts";
import type { BlobFile, DeltaFile, MakeDeltaOptions } from "./delta-files.ts";

/**
 * Writes to `output` what makes `to` from `from`. The same blobs give the same bytes with the same zstd, whatever the machine.
 * A delta is of use only when it is smaller than what the blob is sent as otherwise: that is for the caller to see.
 * @throws RbuildError `delta.too-large` (a blob of more than `MAX_DELTA_BLOB`), `delta.wrong-layer` (a file is not what its digest says),
 *   `tool.missing`, `tool.failed`, `pool.no-space`
 */
export async function makeDelta(
  files: { readonly from: BlobFile; readonly to: BlobFile; readonly output: string },
  options: MakeDeltaOptions = {},
): Promise<DeltaFile> {
  throw new RbuildError("delta.unfinished", `${files.output}, level ${options.level}`);
}
