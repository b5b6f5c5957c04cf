import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { withStep } from "../../../make-runner/index.ts";
import { type Digest, digestHex, digestOf, MAX_CONFIG_BYTES, shortDigest } from "../../../oci/index.ts";
import { isRbuildError, readFileIfExists, readTool } from "../../../system/index.ts";
import type { RbuildReport } from "../../events.ts";
import { type BlobFile, MAX_DELTA_BLOB, makeDelta } from "../delta/delta.ts";
import type { IndexContent, IndexedBlob, IndexedDelta, IndexedImage } from "./index-content.ts";
import { pairLayers } from "./pair-layers.ts";
import { newestFirst } from "./retention.ts";
import type { Staging } from "./staging.ts";
import { originsOf, type TakenImage } from "./take-image.ts";

/** A delta that is not this much smaller than the compressed layer is not worth a file. */
const WORTH = 0.9;

export interface DeltaContext {
  readonly directory: string;
  readonly staging: Staging;
  readonly before: IndexContent;
  /** Files of layers that were decompressed already. */
  readonly bases: Set<string>;
  readonly report: RbuildReport;
  readonly signal?: AbortSignal;
}

/**
 * Deltas to an image's new layers from the layers of its `count` newest versions that the repository has.
 * @param encoded the new layers as they were staged
 */
export async function stageDeltas(
  image: IndexedImage,
  taken: TakenImage,
  encoded: readonly IndexedBlob[],
  count: number,
  context: DeltaContext,
): Promise<IndexedDelta[]> {
  const { before, staging } = context;
  const older = before.images.filter(({ name, architecture }) => name === image.name && architecture === image.architecture).sort(newestFirst);
  const deltas = new Map<string, IndexedDelta>();
  for (const from of older.slice(0, count)) {
    const config = await readConfig(from, context);
    if (!config) continue;
    for (const pair of pairLayers(originsOf(config), taken.layers)) {
      const [to, blob] = [taken.files.get(pair.to), encoded.find(({ digest }) => digest === pair.to)];
      const key = `${pair.from} ${pair.to}`;
      if (!to || !blob || deltas.has(key) || to.size > MAX_DELTA_BLOB) continue;
      const base = await readLayer(pair.from, context);
      if (!base) continue;
      const made = await makeOne(base, to, context);
      const smallest = Math.min(...blob.encodings.map(({ size }) => size));
      if (made.size > smallest * WORTH) continue;
      const path = `deltas/sha256/${digestHex(made.sha256)}.zst`;
      await staging.take(path, made.path);
      deltas.set(key, { path, sha256: made.sha256, size: made.size, method: made.method, from: pair.from, to: pair.to, window: made.window });
    }
  }
  return [...deltas.values()];
}

function makeOne(from: BlobFile, to: BlobFile, { staging, report, signal }: DeltaContext) {
  const output = join(staging.scratch, `${digestHex(from.digest).slice(0, 32)}-${digestHex(to.digest).slice(0, 32)}.delta`);
  return withStep(report, { name: "image.delta", subject: `${shortDigest(from.digest)} to ${shortDigest(to.digest)}` }, (step) =>
    makeDelta(
      { from, to, output },
      { onProgress: ({ bytes, of }) => step.progress(bytes, "bytes", of), temporaryDirectory: staging.scratch, ...(signal ? { signal } : {}) },
    ),
  );
}

/** Undefined when its file is gone, or damaged. */
async function readConfig(image: IndexedImage, { directory, before }: DeltaContext): Promise<Buffer | undefined> {
  const file = before.blobs.find(({ digest }) => digest === image.config)?.plain;
  const config = file && (await readFileIfExists(join(directory, file.path), MAX_CONFIG_BYTES));
  return config && digestOf(config) === image.config ? config : undefined;
}

/** A layer of the repository in a file, decompressed once. `makeDelta` sees that it is the layer. Undefined when it is too large, or its file is gone. */
async function readLayer(digest: Digest, { directory, before, staging, bases, signal }: DeltaContext): Promise<BlobFile | undefined> {
  const blob = before.blobs.find((each) => each.digest === digest);
  if (!blob || blob.size > MAX_DELTA_BLOB) return undefined;
  if (blob.plain) return { path: join(directory, blob.plain.path), digest, size: blob.size };
  const file = blob.encodings.find(({ encoding }) => encoding === "zstd") ?? blob.encodings[0];
  if (!file) return undefined;
  const path = join(staging.scratch, `base-${digestHex(digest)}`);
  if (bases.has(path)) return { path, digest, size: blob.size };
  const command = file.encoding === "zstd" ? "zstd" : "gzip";
  const abort = signal ? { signal } : {};
  try {
    await pipeline(limited(readTool(command, ["-d", "-q", "-c", join(directory, file.path)], abort), blob.size), createWriteStream(path), abort);
  } catch (error) {
    if (isRbuildError(error, "tool.failed")) return undefined;
    throw error;
  }
  bases.add(path);
  return { path, digest, size: blob.size };
}

async function* limited(chunks: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = size;
  for await (const chunk of chunks) {
    left -= chunk.byteLength;
    if (left < 0) return;
    yield chunk;
  }
}
