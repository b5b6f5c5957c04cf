import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DigestHasher } from "../../../oci/index.ts";
import { isRbuildError, RbuildError } from "../../../system/index.ts";
import { removeAbandoned } from "../../pool/abandoned-files.ts";
import { IncomingFile } from "../../pool/incoming-file.ts";
import { compressDelta, wrongLayer } from "./compress.ts";
import type { BlobFile, DeltaFile, MakeDeltaOptions } from "./delta-files.ts";
import { inspectFile } from "./frame.ts";
import { MAX_DELTA_BLOB } from "./memory.ts";
import { undoDelta } from "./undo.ts";

/**
 * Writes to `output` what makes `to`, of at least one byte, from `from`, and undoes it once, so that nobody publishes one that does not. The
 * same blobs give the same bytes with the same zstd and level, whatever the machine. Whether it is smaller than what the blob is sent as
 * otherwise is for the caller to see.
 * @throws RbuildError `delta.too-large` (a blob of more than `MAX_DELTA_BLOB`), `delta.wrong-layer` (a file is not what its digest says),
 *   `tool.missing`, `tool.failed`, `pool.no-space`
 */
export async function makeDelta(
  { from, to, output }: { readonly from: BlobFile; readonly to: BlobFile; readonly output: string },
  options: MakeDeltaOptions = {},
): Promise<DeltaFile> {
  for (const blob of [from, to]) await checkSize(blob);
  const directory = options.temporaryDirectory ?? dirname(output);
  await removeAbandoned(directory);
  await using file = await IncomingFile.create(directory);
  for await (const chunk of compressDelta(from, to, options)) await file.write(chunk);
  const { size, sha256, frame } = await inspectFile(file.path, file.size, options.signal);
  if (frame?.contentSize !== to.size) throw wrongLayer(to, "it changed while it was read");
  const base = await inspectFile(from.path, from.size, options.signal);
  if (base.sha256 !== from.digest) throw wrongLayer(from, `its digest is ${base.sha256}`);
  await checkUndone(from, to, { path: file.path, window: frame.window }, options.signal);
  await file.commit(output);
  return { path: output, size, sha256, window: Math.max(frame.window, 1), method: "zstd-patch-from" };
}

async function checkUndone(from: BlobFile, to: BlobFile, delta: { readonly path: string; readonly window: number }, signal?: AbortSignal): Promise<void> {
  const hasher = new DigestHasher();
  try {
    for await (const chunk of undoDelta({ from: from.path, delta: delta.path }, delta.window, signal)) hasher.update(chunk);
  } catch (error) {
    // The frame's own checksum: the base that it was made with is gone.
    if (isRbuildError(error, "tool.failed")) throw wrongLayer(from, "it changed while it was read", error);
    throw error;
  }
  const found = hasher.digest();
  if (found !== to.digest) throw wrongLayer(to, `its digest is ${found}`);
}

async function checkSize(blob: BlobFile): Promise<void> {
  if (blob.size > MAX_DELTA_BLOB) {
    throw new RbuildError("delta.too-large", `${blob.path} has ${blob.size} bytes; deltas are made between blobs of at most ${MAX_DELTA_BLOB}`, {
      category: "invalid",
      details: { path: blob.path, size: blob.size, most: MAX_DELTA_BLOB },
    });
  }
  const { size } = await stat(blob.path);
  if (size !== blob.size) throw wrongLayer(blob, `it has ${size} bytes, not ${blob.size}`);
}
