import type { Digest } from "../../../oci/index.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";
import { chooseRoutes, memoryForDeltas, REQUEST_COST, type Route } from "../delta/delta.ts";
import type { PublishedImage } from "./select-image.ts";

/** What each way to an image would take from elsewhere, bytes. A way that there is not is left out. */
export interface PredictedBytes {
  /** Layers that the engine lacks, with deltas where they are smaller; absent where they are not. */
  readonly delta?: number;
  /** The same layers without deltas. */
  readonly full?: number;
  /** Packages that this machine lacks, to build the pinned image from. */
  readonly packages?: number;
}

/** Packages to build an image from, that this machine lacks. */
export interface MissingPackages {
  /** Bytes. */
  readonly size: number;
  readonly count: number;
}

/** Building takes half a minute: it must come to less than this part of what the layers cost, */
const MUCH_LESS = 1 / 2;
/** and to so many bytes less. */
const WORTH = 8 * 2 ** 20;

export function predictBytes(
  image: PublishedImage,
  present: ReadonlyMap<Digest, number>,
  index: Pick<RepositoryIndex, "blobs" | "deltas">,
  packages: MissingPackages | undefined,
): { readonly predicted: PredictedBytes; readonly way: "delta" | "full" | "packages" } {
  const best = routesTo(image.layers, present, index);
  const whole = routesTo(image.layers, present, { ...index, deltas: [] });
  const isDelta = best?.some(({ kind }) => kind === "deltas") ?? false;
  const predicted = {
    ...(best && isDelta ? { delta: sum(best, "size") } : {}),
    ...(whole ? { full: sum(whole, "size") } : {}),
    ...(packages ? { packages: packages.size } : {}),
  };
  const cost = best ? sum(best, "cost") : Number.POSITIVE_INFINITY;
  const packagesCost = packages ? packages.size + packages.count * REQUEST_COST : Number.POSITIVE_INFINITY;
  if (packagesCost < cost * MUCH_LESS && packagesCost + WORTH <= cost) return { predicted, way: "packages" };
  return { predicted, way: isDelta ? "delta" : "full" };
}

/** Undefined where there is no way to one of the blobs. */
function routesTo(
  layers: readonly Digest[],
  present: ReadonlyMap<Digest, number>,
  index: Pick<RepositoryIndex, "blobs" | "deltas">,
): readonly Route[] | undefined {
  try {
    return chooseRoutes([...new Set(layers)], present, index, { memory: memoryForDeltas() });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const sum = (routes: readonly Route[], what: "size" | "cost"): number => routes.reduce((total, route) => total + route[what], 0);
