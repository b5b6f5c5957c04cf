import { join } from "node:path";
import type { Digest } from "../../../oci/index.ts";
import { imagesOf, itemsOf } from "../../pool/locked-images.ts";
import { itemPath } from "../../pool/open-pool.ts";
import { vendorImages } from "../../pool/vendor-images.ts";
import { examineImages, outcomeOf } from "./examine-images.ts";
import { type IndexContent, type IndexedBlob, type IndexedFile, retiredImages } from "./index-content.ts";
import { type Additions, planContent } from "./plan-content.ts";
import type { ImageOutcome, PublishDependencies, PublishOptions } from "./publication.ts";
import { stageImage } from "./stage-image.ts";
import { type LockBytes, readNeeds } from "./stage-locks.ts";
import type { Staging } from "./staging.ts";
import { readWanted, type WantedImage } from "./wanted-images.ts";

export interface Gathered {
  readonly content: IndexContent;
  readonly images: readonly ImageOutcome[];
  readonly deltas: Additions["deltas"];
}

/** The images that are asked for: none when there is only something to promote. */
export async function wantedOf({ names, promotions, renew }: PublishOptions, { imageDirectories }: PublishDependencies): Promise<WantedImage[]> {
  return renew || (names.length === 0 && promotions.length > 0) ? [] : readWanted(names, imageDirectories);
}

/**
 * Stages what the repository lacks, and says what it has then.
 * @param beforeWork called once before anything takes long
 */
export async function gatherContent(
  options: PublishOptions & { readonly directory: string },
  before: IndexContent,
  staging: Staging,
  dependencies: PublishDependencies,
  beforeWork: () => Promise<void>,
): Promise<Gathered> {
  const { directory, promotions, keep, signal, verify = false } = options;
  const { report, clock, openHost } = dependencies;
  const wanted = await wantedOf(options, dependencies);
  const examined = await examineImages(wanted, before, { directory, isHashed: verify });
  const additions: { [K in keyof Additions]: Additions[K][number][] } = { images: [], blobs: [], deltas: [], locks: [], pool: [] };
  const lockBytes: LockBytes[] = [];
  const [staged, bases] = [new Map<Digest, IndexedBlob>(), new Set<string>()];
  const { encodings, deltas, channel } = options;
  const context = {
    directory,
    staging,
    before,
    report,
    bases,
    staged,
    encodings,
    deltas,
    channel,
    openHost,
    released: clock.now(),
    ...(signal ? { signal } : {}),
  };
  const missing = examined.filter(({ state }) => state !== "present");
  if (missing.length > 0) await beforeWork();
  for (const image of missing) {
    const added = await stageImage(image, context);
    additions.images.push(...added.images);
    additions.blobs.push(...added.blobs);
    additions.deltas.push(...added.deltas);
    additions.locks.push(...added.locks);
    lockBytes.push(...added.lockBytes);
  }
  additions.pool.push(...(await fillRepositoryPool(options, wanted, dependencies)));
  const plan = { promotions, ...(keep === undefined ? {} : { keep }) };
  let content = planContent(before, additions, { ...plan, needs: new Map() });
  // What the others need is asked only when one goes: it takes reading all locks.
  if (retiredImages(before, content).length > 0)
    content = planContent(before, additions, { ...plan, needs: await readNeeds(directory, before.locks, lockBytes) });
  return { content, images: examined.map(outcomeOf), deltas: additions.deltas };
}

/** The packages go where they belong at once: until an index names them they are a pool as any other. */
async function fillRepositoryPool(
  { directory, pool, signal }: PublishOptions,
  wanted: readonly WantedImage[],
  { imageDirectories, stateDirectory, report }: PublishDependencies,
): Promise<IndexedFile[]> {
  if (!pool || wanted.length === 0) return [];
  const names = wanted.map(({ name }) => name);
  await vendorImages({ names, to: join(directory, "pool"), ...pool, ...(signal ? { signal } : {}) }, { imageDirectories, stateDirectory, report });
  const items = itemsOf(imagesOf(wanted.map(({ chain }) => chain)));
  return items.map(({ sha256, size }) => ({ path: `pool/${itemPath(sha256)}`, sha256, size }));
}
