import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isRbuildError, isSystemError } from "../../../system/index.ts";
import { removeAbandoned } from "../../pool/abandoned-files.ts";
import { IncomingFile } from "../../pool/incoming-file.ts";
import type { ApplyDeltaOptions } from "./delta-files.ts";
import { type Frame, inspectFile } from "./frame.ts";
import { memoryForDeltas, memoryToApply } from "./memory.ts";
import { damaged, expands, noProgram, tooMuchMemory, type Undoing, wrongBase, wrongResult } from "./refusals.ts";
import { undoDelta } from "./undo.ts";

/**
 * Writes the blob `expected` to `output`, which is there complete or not at all. Never more than `expected.size` bytes are written.
 * @throws RbuildError `delta.damaged` (not the bytes that `sha256` names, or no frame that can be undone), `delta.too-much-memory`,
 *   `delta.expands`, `delta.wrong-base` (not what its digest says), `delta.wrong-result` (all is as named, and makes something else),
 *   `delta.no-zstd`, `pool.no-space`
 */
export async function applyDelta(undoing: Undoing, options: ApplyDeltaOptions = {}): Promise<void> {
  const { from, delta, expected, output } = undoing;
  const { memory = memoryForDeltas(), onProgress, signal } = options;
  await checkBaseSize(undoing);
  const { window } = await checkFrame(undoing, memory, signal);
  const directory = options.temporaryDirectory ?? dirname(output);
  await removeAbandoned(directory);
  await using file = await IncomingFile.create(directory);
  try {
    for await (const chunk of undoDelta({ from: from.path, delta: delta.path }, window, signal)) {
      if (file.size + chunk.byteLength > expected.size) throw expands(undoing, file.size + chunk.byteLength);
      await file.write(chunk);
      onProgress?.({ bytes: file.size, of: expected.size });
    }
  } catch (error) {
    if (isRbuildError(error, "tool.missing")) throw noProgram(undoing, error);
    if (!isRbuildError(error, "tool.failed")) throw error;
    await checkBase(undoing, signal, error);
    throw damaged(undoing, `it cannot be undone: ${error.message}`, error);
  }
  const found = file.digest();
  if (found !== expected.digest) {
    await checkBase(undoing, signal);
    throw wrongResult(undoing, found);
  }
  await file.commit(output);
}

/** All that is known of a delta without undoing it. */
async function checkFrame(undoing: Undoing, memory: number, signal?: AbortSignal): Promise<Frame> {
  const { from, delta, expected } = undoing;
  // One byte more than it should have shows that there is more.
  const { size, sha256, frame } = await inspectFile(delta.path, delta.size + 1, signal);
  if (size !== delta.size) throw damaged(undoing, size > delta.size ? `it has more than ${delta.size} bytes` : `it has ${size} bytes, not ${delta.size}`);
  if (sha256 !== delta.sha256) throw damaged(undoing, `its digest is ${sha256}, not ${delta.sha256}`);
  if (!frame) throw damaged(undoing, "it is not one complete zstd frame with its size and checksum");
  if (frame.contentSize > expected.size) throw expands(undoing, frame.contentSize);
  const needed = memoryToApply(from.size, frame.window);
  if (needed > memory) throw tooMuchMemory(undoing, needed, memory);
  return frame;
}

/** Before the whole of it is read into memory. */
async function checkBaseSize(undoing: Undoing): Promise<void> {
  const { path, size } = undoing.from;
  const found = await stat(path).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) throw wrongBase(undoing, "there is no such file", error);
    throw error;
  });
  if (!found.isFile()) throw wrongBase(undoing, "it is not a file");
  if (found.size !== size) throw wrongBase(undoing, `it has ${found.size} bytes, not ${size}`);
}

/** Only once something is wrong: that a base was right is said by the digest of what came out. */
async function checkBase(undoing: Undoing, signal: AbortSignal | undefined, cause?: unknown): Promise<void> {
  await checkBaseSize(undoing);
  const { sha256 } = await inspectFile(undoing.from.path, undoing.from.size, signal);
  if (sha256 !== undoing.from.digest) throw wrongBase(undoing, `its digest is ${sha256}`, cause);
}
