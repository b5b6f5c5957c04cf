import { RbuildError } from "../../../system/index.ts";
import type { ApplyDeltaOptions, BlobFile, DeltaFile } from "./delta-files.ts";

/**
 * Writes the blob `expected` to `output`, which is there complete or not at all. Never more than `expected.size` bytes are written.
 * @param files.delta as the index has it; its bytes are not trusted, nor need they have been checked
 * @throws RbuildError `delta.wrong-base`, `delta.too-much-memory`, `delta.expands`, `delta.damaged` (not the bytes that `sha256` names, or no frame that can be
 *   undone), `delta.wrong-result` (they are, and make something else), `tool.missing`, `pool.no-space`
 */
export async function applyDelta(
  files: {
    readonly from: BlobFile;
    readonly delta: Pick<DeltaFile, "path" | "size" | "sha256">;
    readonly expected: Pick<BlobFile, "digest" | "size">;
    readonly output: string;
  },
  options: ApplyDeltaOptions = {},
): Promise<void> {
  throw new RbuildError("delta.unfinished", `${files.output} ${options.memory}`);
}
