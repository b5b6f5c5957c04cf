import type { Digest } from "../../../oci/index.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";
import { memoryToApply } from "./memory.ts";

type IndexedBlob = RepositoryIndex["blobs"][number];
type IndexedDelta = RepositoryIndex["deltas"][number];

/** How a client comes to a blob with the fewest bytes. `size` is what is sent, bytes; `cost` adds what the requests cost. */
export type Route =
  | { readonly kind: "present"; readonly digest: Digest; readonly size: 0; readonly cost: 0 }
  /** The deltas in order: the first starts from a blob that is present, each other from what the one before makes, the last makes the blob. */
  | {
      readonly kind: "deltas";
      readonly digest: Digest;
      readonly size: number;
      readonly cost: number;
      readonly deltas: readonly [IndexedDelta, ...IndexedDelta[]];
    }
  | { readonly kind: "encoded"; readonly digest: Digest; readonly size: number; readonly cost: number; readonly file: IndexedBlob["encodings"][number] }
  | { readonly kind: "plain"; readonly digest: Digest; readonly size: number; readonly cost: number; readonly file: NonNullable<IndexedBlob["plain"]> };

export interface RouteOptions {
  /** Memory that one delta may take, bytes: `memoryForDeltas()`. */
  readonly memory: number;
  /** Deltas in a row. Default 4. */
  readonly maxChain?: number;
}

/** What one request costs, in bytes: a round trip of 50 ms on a line of 10 Mbit/s. */
export const REQUEST_COST = 64 * 1024;
const MAX_CHAIN = 4;

/**
 * For each of the wanted blobs, in their order, the cheapest way to it. Of ways that cost the same, the simpler: whole before deltas, few
 * deltas before many.
 * @param present the blobs that the client has, and their sizes in bytes
 * @throws RangeError a wanted blob is neither present nor in the index
 */
export function chooseRoutes(
  wanted: readonly Digest[],
  present: ReadonlyMap<Digest, number>,
  index: Pick<RepositoryIndex, "blobs" | "deltas">,
  { memory, maxChain = MAX_CHAIN }: RouteOptions,
): readonly Route[] {
  const blobs = new Map(index.blobs.map((blob) => [blob.digest, blob]));
  const isWithin = ({ from, window }: IndexedDelta) => {
    const size = present.get(from) ?? blobs.get(from)?.size;
    return size !== undefined && memoryToApply(size, window) <= memory;
  };
  const chains = cheapestChains(present, index.deltas.filter(isWithin), maxChain);
  return wanted.map((digest) => {
    if (present.has(digest)) return { kind: "present", digest, size: 0, cost: 0 };
    const routes = [...wholeRoutes(blobs.get(digest)), ...chains.flatMap((reached) => [...chainRoute(digest, reached.get(digest))])];
    const best = routes.reduce<Route | undefined>((best, route) => (best && best.cost <= route.cost ? best : route), undefined);
    if (!best) throw new RangeError(`${digest} is not in the index`);
    return best;
  });
}

function* wholeRoutes(blob: IndexedBlob | undefined): Generator<Route> {
  if (!blob) return;
  const { digest, plain, encodings } = blob;
  if (plain) yield { kind: "plain", digest, size: plain.size, cost: plain.size + REQUEST_COST, file: plain };
  for (const file of encodings) yield { kind: "encoded", digest, size: file.size, cost: file.size + REQUEST_COST, file };
}

/** The cheapest chain of so many deltas to one blob. */
interface Chain {
  readonly cost: number;
  readonly last: IndexedDelta;
  readonly before: Chain | undefined;
}

/** For 1, 2, … `maxChain` deltas in a row: the blobs that can be made with so many, each the cheapest way. */
function cheapestChains(present: ReadonlyMap<Digest, number>, deltas: readonly IndexedDelta[], maxChain: number): ReadonlyMap<Digest, Chain>[] {
  const layers: Map<Digest, Chain>[] = [];
  for (let length = 1; length <= maxChain; length++) {
    const shorter = layers.at(-1);
    const layer = new Map<Digest, Chain>();
    for (const last of deltas) {
      const before = shorter?.get(last.from);
      if (shorter ? !before : !present.has(last.from)) continue;
      const cost = (before?.cost ?? 0) + last.size + REQUEST_COST;
      const known = layer.get(last.to);
      if (!known || cost < known.cost) layer.set(last.to, { cost, last, before });
    }
    if (layer.size === 0) break;
    layers.push(layer);
  }
  return layers;
}

function* chainRoute(digest: Digest, chain: Chain | undefined): Generator<Route> {
  if (!chain) return;
  const deltas: [IndexedDelta, ...IndexedDelta[]] = [chain.last];
  for (let before = chain.before; before; before = before.before) deltas.unshift(before.last);
  yield { kind: "deltas", digest, size: deltas.reduce((sum, { size }) => sum + size, 0), cost: chain.cost, deltas };
}
