import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { type Digest, DigestHasher } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";
import { removeAbandoned } from "../pool/abandoned-files.ts";
import { IncomingFile } from "../pool/incoming-file.ts";
import { compressDelta } from "../repository/delta/compress.ts";
import { MAX_DELTA_BLOB, memoryToApply } from "../repository/delta/delta.ts";
import type { DeltaProgress } from "../repository/delta/delta-files.ts";
import { inspectFile } from "../repository/delta/frame.ts";
import { undoDelta } from "../repository/delta/undo.ts";
import { assemble, OtherBlock } from "./assemble.ts";
import { baseForm } from "./base-form.ts";
import { writeHead } from "./container.ts";
import { type OpenIso, type Plan, planIsoDelta } from "./plan.ts";
import { MAX_ISO, type Recipe } from "./recipe.ts";
import { tooLarge } from "./refusals.ts";
import type { Unit } from "./unit.ts";

/** A delta between two ISOs. Sizes are bytes. */
export interface IsoDelta {
  readonly path: string;
  readonly size: number;
  readonly sha256: Digest;
  readonly from: { readonly digest: Digest; readonly size: number };
  readonly to: { readonly digest: Digest; readonly size: number };
  /** What undoing it takes. */
  readonly memory: number;
  readonly blocks: Plan["blocks"];
}

interface Paths {
  readonly from: string;
  readonly to: string;
  readonly output: string;
}

interface MakeIsoDeltaOptions {
  /** Of zstd, 1 to 19. Default 19. */
  readonly level?: number;
  /** Of comparing; compressing what differs comes after it. */
  readonly onProgress?: (progress: DeltaProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes to `output` what makes the ISO `to` from the ISO `from`, and undoes it once before it is there. The same ISOs give the same bytes with
 * the same zstd.
 * @throws RbuildError `delta.too-large`, `delta.wrong-layer` (an ISO changed while it was read), `tool.missing`, `tool.failed`, `pool.no-space`
 */
export async function makeIsoDelta(paths: Paths, options: MakeIsoDeltaOptions = {}): Promise<IsoDelta> {
  await using from = await openIso(paths.from);
  await using to = await openIso(paths.to);
  try {
    return await makeBetween(from, to, paths, options);
  } catch (error) {
    // What was there when they were compared is not any more.
    if (error instanceof RangeError || error instanceof OtherBlock) throw changed(paths.to, error);
    throw error;
  }
}

async function makeBetween(from: OpenIso, to: OpenIso, paths: Paths, options: MakeIsoDeltaOptions): Promise<IsoDelta> {
  const { level, onProgress, signal } = options;
  const directory = dirname(paths.output);
  await removeAbandoned(directory);
  await using form = await IncomingFile.create(directory);
  const add = (bytes: Buffer) => addWithin(form, bytes, paths.to);
  const plan = await planIsoDelta(from, to, { addToForm: add, ...(onProgress ? { onProgress } : {}), ...(signal ? { signal } : {}) });
  await using baseFile = await IncomingFile.create(directory);
  const base = await writeBase(from, plan, (bytes) => addWithin(baseFile, bytes, paths.from), signal);
  const recipe: Recipe = {
    type: "iso-delta",
    version: 1,
    from: { digest: plan.from, size: from.size },
    to: { digest: plan.to, size: to.size },
    coders: [...plan.coders],
    base,
    baseSize: baseFile.size,
    steps: plan.steps,
    formSize: form.size,
  };
  await using delta = await IncomingFile.create(directory);
  await delta.write(headOf(recipe, paths.to));
  const frameStart = delta.size;
  const [older, newer] = [baseFile, form].map((file) => ({ path: file.path, digest: file.digest(), size: file.size })) as [BlobOf, BlobOf];
  for await (const chunk of compressDelta(older, newer, { ...(level === undefined ? {} : { level }), ...(signal ? { signal } : {}) })) await delta.write(chunk);
  const { frame } = await inspectFile(delta.path, delta.size - frameStart, signal, frameStart);
  const window = Math.max(frame?.window ?? 0, 1);
  const undone = undoDelta({ from: baseFile.path, delta: delta.path, start: frameStart }, window, signal);
  await checkMade(recipe, from, undone, paths.to, signal);
  await delta.commit(paths.output);
  const memory = memoryToApply(baseFile.size, window);
  return { path: paths.output, size: delta.size, sha256: delta.digest(), from: recipe.from, to: recipe.to, memory, blocks: plan.blocks };
}

type BlobOf = { readonly path: string; readonly digest: Digest; readonly size: number };

async function openIso(path: string): Promise<OpenIso & AsyncDisposable> {
  const handle = await open(path);
  const status = await handle.stat();
  const close = () => handle.close();
  if (status.isFile() && status.size > 0 && status.size <= MAX_ISO) return { handle, size: status.size, [Symbol.asyncDispose]: close };
  await close();
  if (status.size > MAX_ISO) throw tooLarge(path, status.size, MAX_ISO, "it");
  throw new RbuildError("delta.wrong-layer", `${path} is no file with anything in it`, { category: "invalid", details: { path } });
}

async function addWithin(file: IncomingFile, bytes: Buffer, path: string): Promise<void> {
  if (file.size + bytes.byteLength > MAX_DELTA_BLOB) throw tooLarge(path, file.size + bytes.byteLength, MAX_DELTA_BLOB, "what is not in both ISOs");
  await file.write(bytes);
}

/** @returns the parts as they were written: a block that cannot be unpacked is left out */
async function writeBase(from: OpenIso, plan: Plan, add: (bytes: Buffer) => Promise<void>, signal?: AbortSignal): Promise<Unit[]> {
  const base: Unit[] = [];
  for await (const { unit, bytes } of baseForm(from.handle, plan.base, plan.coders, signal)) {
    if (!bytes) continue;
    await add(bytes);
    if (base.at(-1) !== unit) base.push(unit);
  }
  return base;
}

function headOf(recipe: Recipe, path: string): Buffer {
  const head = writeHead(recipe);
  if (head) return head;
  throw new RbuildError("delta.too-large", `${path} and the ISO before it have ${recipe.steps.length} pieces that differ: more than a delta can name`, {
    category: "invalid",
    details: { path, steps: recipe.steps.length },
  });
}

async function checkMade(recipe: Recipe, from: OpenIso, form: AsyncIterable<Uint8Array>, path: string, signal?: AbortSignal): Promise<void> {
  const made = new DigestHasher();
  for await (const bytes of assemble(recipe, from.handle, form, signal)) made.update(bytes);
  if (made.digest() !== recipe.to.digest) throw changed(path);
}

function changed(path: string, cause?: unknown): RbuildError {
  return new RbuildError("delta.wrong-layer", `${path} or the ISO before it changed while the delta was made`, {
    category: "untrusted",
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}
