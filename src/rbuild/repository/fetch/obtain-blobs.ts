import type { Digest } from "../../../oci/index.ts";
import { isRbuildError, type RbuildError } from "../../../system/index.ts";
import type { RbuildReport } from "../../events.ts";
import type { SavedBlob, StreamedBlob } from "../../images/assemble/saved-blobs.ts";
import { FETCH_LIMITS, type FetchLimits } from "../../pool/fetch-limits.ts";
import { type FillManner, fillPoolWithin, type ItemFailure } from "../../pool/fill-pool.ts";
import type { PoolItem, PoolSource } from "../../pool/pool.ts";
import type { Received } from "../../pool/received.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";
import { chooseRoutes, memoryForDeltas, type Route } from "../delta/delta.ts";
import type { FetchPlace } from "./fetch-place.ts";
import { mayFollow } from "./may-follow.ts";
import { realise } from "./realise-route.ts";
import { repositoryItem } from "./repository-place.ts";
import { filesNotObtainable, noWay, suspicionCode } from "./transfer-errors.ts";

export interface BlobContext {
  readonly index: RepositoryIndex;
  readonly sources: readonly PoolSource[];
  readonly place: FetchPlace;
  readonly report: RbuildReport;
  /** Counts what comes, and what of it is of no use. */
  readonly received: Received;
  readonly limits?: FetchLimits;
  readonly signal?: AbortSignal;
}

/** Blobs that are on this machine already: sizes in bytes, and how to get them into files. */
export interface PresentBlobs {
  readonly sizes: ReadonlyMap<Digest, number>;
  /** Those that cannot be had after all are left out. */
  readonly save: (digests: readonly Digest[]) => Promise<ReadonlyMap<Digest, SavedBlob>>;
  /** Those that are wanted need not be given: where they are is where they are wanted. */
  readonly mayStay?: boolean;
}

export interface ObtainedBlobs {
  /** Without those that may stay where they are. */
  readonly blobs: ReadonlyMap<Digest, SavedBlob | StreamedBlob>;
  readonly isDelta: boolean;
  /** Files that were taken for it. */
  readonly items: readonly PoolItem[];
}

export const NOTHING_PRESENT: PresentBlobs = { sizes: new Map(), save: () => Promise.resolve(new Map()) };

/**
 * Blobs of an index: each the way that takes the fewest bytes, each with exactly its digest. What is encoded is decoded when it is read, and
 * only then can be wrong. A delta that does not give its blob is a warning, and the blob is fetched another way.
 * @throws RbuildError codes `trust.*`, `repository.files-missing`, `pool.no-space`
 */
export async function obtainBlobs(digests: readonly Digest[], present: PresentBlobs, context: BlobContext): Promise<ObtainedBlobs> {
  const { place, report, sources, received, limits = FETCH_LIMITS, signal } = context;
  const wanted = [...new Set(digests)];
  const saved = new Map<Digest, SavedBlob>();
  const unusable = new Set<string>();
  const items = new Map<string, PoolItem>();
  let sizes = present.sizes;
  for (;;) {
    const deltas = context.index.deltas.filter(({ path }) => !unusable.has(path));
    const isWithout = wanted.find((digest) => !sizes.has(digest) && !hasWay(digest, context.index.blobs, deltas));
    if (isWithout) throw noWay(isWithout);
    const chosen = chooseRoutes(wanted, sizes, { blobs: context.index.blobs, deltas }, { memory: memoryForDeltas() });
    const routes = present.mayStay ? chosen.filter(({ kind }) => kind !== "present") : chosen;
    const toSave = routes.flatMap(baseOf).filter((digest) => !saved.has(digest));
    for (const [digest, blob] of await present.save(toSave)) saved.set(digest, blob);
    const missing = toSave.filter((digest) => !saved.has(digest));
    if (missing.length > 0) {
      sizes = new Map([...sizes].filter(([digest]) => !missing.includes(digest)));
      continue;
    }
    const needed = routes.flatMap(itemsOf);
    for (const item of needed) items.set(item.sha256, item);
    try {
      await fillPoolWithin(limits, needed, place.files, { sources, received, ...(signal ? { signal } : {}) }, report, MANNER);
      const blobs = new Map<Digest, SavedBlob | StreamedBlob>();
      for (const route of routes) blobs.set(route.digest, await realise(route, saved, context));
      return { blobs, isDelta: routes.some(({ kind }) => kind === "deltas"), items: [...items.values()] };
    } catch (error) {
      const bad = badDeltas(error, routes);
      if (bad.length === 0) throw error;
      for (const { path, sha256 } of bad) {
        unusable.add(path);
        received.discard(sha256);
      }
      const { code, message } = error as RbuildError;
      report({ kind: "warning.raised", code, message: `${message}; going on without this delta` });
    }
  }
}

const MANNER: FillManner = {
  step: "image.fetch-files",
  wrongBytes: suspicionCode,
  suspicious: suspicionCode,
  mayFollow,
  notObtainable: filesNotObtainable,
};

const hasWay = (digest: Digest, blobs: RepositoryIndex["blobs"], deltas: RepositoryIndex["deltas"]): boolean =>
  blobs.some((blob) => blob.digest === digest && (blob.plain !== undefined || blob.encodings.length > 0)) || deltas.some(({ to }) => to === digest);

function baseOf(route: Route): Digest[] {
  if (route.kind === "present") return [route.digest];
  return route.kind === "deltas" ? [route.deltas[0].from] : [];
}

function itemsOf(route: Route): PoolItem[] {
  if (route.kind === "present") return [];
  return (route.kind === "deltas" ? route.deltas : [route.file]).map(repositoryItem);
}

type Delta = RepositoryIndex["deltas"][number];

/** The deltas that an error is about, if it is about deltas alone. */
function badDeltas(error: unknown, routes: readonly Route[]): readonly Delta[] {
  if (!isRbuildError(error)) return [];
  const deltas = routes.flatMap((route) => (route.kind === "deltas" ? route.deltas : []));
  if (error.code.startsWith("delta.")) return deltas.filter(({ sha256 }) => sha256 === error.details["delta"]);
  const failed = error.details["items"] as readonly Pick<ItemFailure["item"], "path">[] | undefined;
  const paths = new Set(failed?.map(({ path }) => path));
  const bad = deltas.filter(({ path }) => paths.has(path));
  return new Set(bad.map(({ path }) => path)).size === paths.size ? bad : [];
}
