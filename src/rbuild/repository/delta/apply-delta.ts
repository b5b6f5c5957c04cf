import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isRbuildError, isSystemError } from "../../../system/index.ts";
import { IncomingFile } from "../../pool/incoming-file.ts";
import type { ApplyDeltaOptions, BlobFile, DeltaFile } from "./delta-files.ts";
import { type Frame, inspectFile } from "./frame.ts";
import { removeAbandoned } from "./leftovers.ts";
import { memoryForDeltas, memoryToApply } from "./memory.ts";
import { refuse } from "./refusals.ts";
import { undoDelta } from "./undo.ts";

interface Undoing {
  readonly from: BlobFile;
  readonly delta: Pick<DeltaFile, "path" | "size" | "sha256">;
  readonly expected: Pick<BlobFile, "digest" | "size">;
  readonly output: string;
}

/**
 * Writes the blob `expected` to `output`, which is there complete or not at all. Never more than `expected.size` bytes are written.
 * @param files.delta as the index has it; its bytes need not have been checked
 * @throws RbuildError `delta.damaged` (not the bytes that `sha256` names, or no frame that can be undone), `delta.too-much-memory`,
 *   `delta.expands`, `delta.wrong-base` (not what its digest says), `delta.wrong-result` (all is as named, and makes something else),
 *   `tool.missing`, `pool.no-space`
 */
export async function applyDelta(files: Undoing, options: ApplyDeltaOptions = {}): Promise<void> {
  const { from, delta, expected, output } = files;
  const { memory = memoryForDeltas(), onProgress, signal } = options;
  await checkBaseSize(from);
  const { window } = await checkFrame(files, memory, signal);
  const directory = options.temporaryDirectory ?? dirname(output);
  await removeAbandoned(directory);
  await using file = await IncomingFile.create(directory);
  try {
    for await (const chunk of undoDelta({ from: from.path, delta: delta.path }, window, signal)) {
      if (file.size + chunk.byteLength > expected.size) throw expands(files, file.size + chunk.byteLength);
      await file.write(chunk);
      onProgress?.({ bytes: file.size, of: expected.size });
    }
  } catch (error) {
    if (!isRbuildError(error, "tool.failed")) throw error;
    await checkBase(from, signal, error);
    throw refuse("damaged", `the delta ${delta.path} cannot be undone: ${error.message}`, detailsOf(files), error);
  }
  const found = file.digest();
  if (found !== expected.digest) {
    await checkBase(from, signal);
    throw refuse("wrong-result", `the delta ${delta.path} makes ${found}, not ${expected.digest}`, { ...detailsOf(files), found });
  }
  await file.commit(output);
}

/** All that is known of a delta without undoing it. */
async function checkFrame(files: Undoing, memory: number, signal?: AbortSignal): Promise<Frame> {
  const { from, delta, expected } = files;
  // One byte more than it should have shows that there is more.
  const { size, sha256, frame } = await inspectFile(delta.path, delta.size + 1, signal);
  const damaged = (why: string) => refuse("damaged", `the delta ${delta.path} is damaged: ${why}`, detailsOf(files));
  if (size !== delta.size) throw damaged(size > delta.size ? `it has more than ${delta.size} bytes` : `it has ${size} bytes, not ${delta.size}`);
  if (sha256 !== delta.sha256) throw damaged(`its digest is ${sha256}, not ${delta.sha256}`);
  if (!frame) throw damaged("it is not one complete zstd frame with its size and checksum");
  if (frame.contentSize > expected.size) throw expands(files, frame.contentSize);
  const needed = memoryToApply(from.size, frame.window);
  if (needed > memory) {
    const message = `undoing the delta ${delta.path} takes ${needed} bytes of memory; ${memory} may be used`;
    throw refuse("too-much-memory", message, { ...detailsOf(files), needed, memory });
  }
  return frame;
}

/** Before the whole of it is read into memory. */
async function checkBaseSize(from: BlobFile): Promise<void> {
  const found = await stat(from.path).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) throw wrongBase(from, "there is no such file", error);
    throw error;
  });
  if (!found.isFile()) throw wrongBase(from, "it is not a file");
  if (found.size !== from.size) throw wrongBase(from, `it has ${found.size} bytes, not ${from.size}`);
}

/** Only once something is wrong: the digest of what came out has said already that a base was right. */
async function checkBase(from: BlobFile, signal: AbortSignal | undefined, cause?: unknown): Promise<void> {
  await checkBaseSize(from);
  const { sha256 } = await inspectFile(from.path, from.size, signal);
  if (sha256 !== from.digest) throw wrongBase(from, `its digest is ${sha256}`, cause);
}

const wrongBase = (from: BlobFile, why: string, cause?: unknown) =>
  refuse("wrong-base", `${from.path} is not ${from.digest}, which the delta starts from: ${why}`, { path: from.path, digest: from.digest }, cause);

const expands = (files: Undoing, size: number) =>
  refuse("expands", `the delta ${files.delta.path} makes ${size} bytes or more; the blob has ${files.expected.size}`, { ...detailsOf(files), size });

const detailsOf = ({ from, delta, expected }: Undoing) => ({ delta: delta.sha256, from: from.digest, to: expected.digest });
