import { rm } from "node:fs/promises";
import { withStep } from "../../../make-runner/index.ts";
import type { Digest } from "../../../oci/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { everyBytes } from "../../every-bytes.ts";
import { timeText } from "../../trust/format/fields.ts";
import { type Encodings, stageLayer, stagePlain } from "./encode-blob.ts";
import type { ExaminedImage } from "./examine-images.ts";
import type { IndexedBlob, IndexedFile, IndexedImage } from "./index-content.ts";
import type { Additions } from "./plan-content.ts";
import { type DeltaContext, stageDeltas } from "./stage-deltas.ts";
import { type LockBytes, readLocks } from "./stage-locks.ts";
import { scratchOf, takeImage } from "./take-image.ts";

const PROGRESS_BYTES = 4 * 2 ** 20;

export interface ImageContext extends DeltaContext {
  readonly openHost: () => Promise<ContainerHost>;
  readonly encodings: Encodings;
  readonly deltas: number;
  readonly channel: string;
  readonly released: Date;
  /** Layers that this publication has staged, for images that share them. */
  readonly staged: Map<Digest, IndexedBlob>;
}

/** What an image that is new, or whose files are damaged, brings into the repository: staged already. */
export async function stageImage(image: ExaminedImage, context: ImageContext): Promise<Omit<Additions, "pool"> & { readonly lockBytes: readonly LockBytes[] }> {
  const { wanted, published, damaged } = image;
  const { before, staging, staged, report, signal } = context;
  const isWhole = ({ plain, encodings }: IndexedBlob) => ![...(plain ? [plain] : []), ...encodings].some(({ path }) => damaged.has(path));
  const present = new Map(before.blobs.filter(isWhole).map((blob) => [blob.digest, blob]));
  for (const [digest, blob] of staged) present.set(digest, blob);
  const known = new Map([...present].map(([digest, { size }]) => [digest, size]));

  const host = await context.openHost();
  const directory = scratchOf(staging.scratch, wanted);
  const taken = await withStep(report, { name: "image.save", subject: `${wanted.name} ${wanted.version}` }, (step) => {
    const onBytes = everyBytes(PROGRESS_BYTES, (bytes, of: number) => step.progress(bytes, "bytes", of));
    return takeImage(wanted, known, { host, directory, onBytes, ...(signal ? { signal } : {}) });
  });
  const layers: IndexedBlob[] = [];
  for (const digest of new Set(taken.layers.map((layer) => layer.digest))) {
    const file = taken.files.get(digest);
    if (!file) continue;
    const blob = await stageLayer(file, context.encodings, context);
    staged.set(digest, blob);
    layers.push(blob);
  }
  const blobs = [...layers, await stagePlain(taken.manifest, wanted.manifest, staging), await stagePlain(taken.config, wanted.config, staging)];
  const lockBytes = await readLocks(wanted);
  const [own, level] = [lockBytes.at(-1), wanted.chain.images.at(-1)];
  if (!own || !level) throw new TypeError("a chain of images is not empty");
  const isThere = ({ path }: IndexedFile) => before.locks.some((lock) => lock.path === path) && !damaged.has(path);
  for (const { file, bytes } of lockBytes) if (!isThere(file)) await staging.put(file.path, bytes);
  const entry: IndexedImage = {
    name: wanted.name,
    version: wanted.version,
    architecture: wanted.architecture,
    channels: [context.channel],
    compatibilityVersion: level.lock.compatibilityVersion,
    released: timeText(context.released),
    manifest: wanted.manifest,
    config: wanted.config,
    layers: taken.layers.map(({ digest }) => digest),
    lock: own.file.sha256,
  };
  const deltas = published ? [] : await stageDeltas(entry, taken, layers, context.deltas, context);
  await rm(directory, { recursive: true, force: true });
  return { images: [entry], blobs, deltas, locks: lockBytes.map(({ file }) => file), lockBytes };
}
