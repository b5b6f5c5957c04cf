import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Digest } from "../../oci/index.ts";
import { isRbuildError } from "../../system/index.ts";
import { removeAbandoned } from "../pool/abandoned-files.ts";
import { IncomingFile } from "../pool/incoming-file.ts";
import { memoryForDeltas, memoryToApply } from "../repository/delta/delta.ts";
import type { DeltaProgress } from "../repository/delta/delta-files.ts";
import { type Frame, inspectFile } from "../repository/delta/frame.ts";
import { damaged, damagedFile, expands, noProgram, tooMuchMemory, type Undoing, wrongBase, wrongResult } from "../repository/delta/refusals.ts";
import { undoDelta } from "../repository/delta/undo.ts";
import { assemble, OtherBlock } from "./assemble.ts";
import { baseForm } from "./base-form.ts";
import type { CoderSettings } from "./coder.ts";
import { type Head, readHead } from "./container.ts";
import type { Recipe } from "./recipe.ts";
import { notExpected, otherCompressor } from "./refusals.ts";

export interface ApplyIsoDeltaOptions {
  /** Memory that may be used, bytes. Default `memoryForDeltas()`. */
  readonly memory?: number;
  /** Of the new ISO. */
  readonly onProgress?: (progress: DeltaProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes the ISO `expected` to `output`, which is there complete or not at all; whatever is wrong with the delta, no more bytes are written
 * than its recipe says, and nothing remains of them.
 * @throws RbuildError `delta.not-expected` (it makes another ISO), `delta.other-compressor` (this host's library makes other blocks),
 *   and those of `applyDelta`
 */
export async function applyIsoDelta(
  paths: { readonly from: string; readonly delta: string; readonly output: string; readonly expected: Digest },
  { memory = memoryForDeltas(), onProgress, signal }: ApplyIsoDeltaOptions = {},
): Promise<{ readonly path: string; readonly digest: Digest; readonly size: number }> {
  const { recipe, frameStart, undoing } = await examine(paths, signal);
  await using iso = await open(paths.from);
  await checkOldIso(undoing, signal);
  const { window } = await checkFrame(undoing, recipe, frameStart, memory, signal);
  const directory = dirname(paths.output);
  await removeAbandoned(directory);
  await using base = await IncomingFile.create(directory);
  await using output = await IncomingFile.create(directory);
  try {
    await writeBase(base, recipe, iso, undoing, signal);
    const form = undoDelta({ from: base.path, delta: paths.delta, start: frameStart }, window, signal);
    for await (const bytes of assemble(recipe, iso, form, signal)) {
      await output.write(bytes);
      onProgress?.({ bytes: output.size, of: recipe.to.size });
    }
  } catch (error) {
    throw refusalOf(error, undoing, recipe);
  }
  const found = output.digest();
  if (found !== paths.expected) throw wrongResult(undoing, found);
  await output.commit(paths.output);
  return { path: paths.output, digest: found, size: output.size };
}

/** What a delta says of itself, without undoing it. @throws RbuildError `delta.damaged` */
export async function readIsoDelta(path: string): Promise<Head & { readonly size: number }> {
  await using handle = await open(path);
  const { size } = await handle.stat();
  const head = await readHead(handle);
  if (typeof head === "string") throw damagedFile(path, head);
  return { ...head, size };
}

async function examine({ from, delta, output, expected }: Parameters<typeof applyIsoDelta>[0], signal?: AbortSignal) {
  const { recipe, frameStart, size } = await readIsoDelta(delta);
  if (recipe.to.digest !== expected) throw notExpected(delta, recipe.to.digest, expected);
  const { sha256 } = await inspectFile(delta, size, signal);
  const undoing: Undoing = { from: { path: from, ...recipe.from }, delta: { path: delta, size, sha256 }, expected: recipe.to, output };
  return { recipe, frameStart, undoing };
}

/** Before anything of it is read as the recipe says. */
async function checkOldIso(undoing: Undoing, signal?: AbortSignal): Promise<void> {
  const { path, digest, size } = undoing.from;
  const found = await stat(path);
  if (!found.isFile()) throw wrongBase(undoing, "it is not a file");
  if (found.size !== size) throw wrongBase(undoing, `it has ${found.size} bytes, not ${size}`);
  const { sha256 } = await inspectFile(path, size, signal);
  if (sha256 !== digest) throw wrongBase(undoing, `its digest is ${sha256}`);
}

async function checkFrame(undoing: Undoing, recipe: Recipe, start: number, memory: number, signal?: AbortSignal): Promise<Frame> {
  const { path, size } = undoing.delta;
  const { frame } = await inspectFile(path, size - start, signal, start);
  if (!frame) throw damaged(undoing, "behind its recipe is not one complete zstd frame with its size and checksum");
  if (frame.contentSize > recipe.formSize) throw expands(undoing, frame.contentSize);
  if (frame.contentSize < recipe.formSize) throw damaged(undoing, `its frame makes ${frame.contentSize} bytes, its recipe takes ${recipe.formSize}`);
  const needed = memoryToApply(recipe.baseSize, frame.window);
  if (needed > memory) throw tooMuchMemory(undoing, needed, memory);
  return frame;
}

async function writeBase(file: IncomingFile, recipe: Recipe, iso: FileHandle, undoing: Undoing, signal?: AbortSignal): Promise<void> {
  for await (const { unit, bytes } of baseForm(iso, recipe.base, recipe.coders, signal)) {
    if (!bytes) throw damaged(undoing, `what it starts from is no compressed block: ${unit.length} bytes at ${unit.offset}`);
    if (file.size + bytes.byteLength > recipe.baseSize) throw damaged(undoing, `what it starts from has more than the ${recipe.baseSize} bytes that it says`);
    await file.write(bytes);
  }
  if (file.size !== recipe.baseSize) throw damaged(undoing, `what it starts from has ${file.size} bytes, not the ${recipe.baseSize} that it says`);
}

function refusalOf(error: unknown, undoing: Undoing, recipe: Recipe): unknown {
  if (error instanceof OtherBlock) return otherCompressor(undoing.delta.path, recipe.coders[error.coder] as CoderSettings);
  if (error instanceof RangeError) return damaged(undoing, error.message, error);
  if (isRbuildError(error, "tool.missing")) return noProgram(undoing, error);
  if (isRbuildError(error, "tool.failed")) return damaged(undoing, `it cannot be undone: ${error.message}`, error);
  return error;
}
