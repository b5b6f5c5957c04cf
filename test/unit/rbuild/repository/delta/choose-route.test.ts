import fc from "fast-check";
import { expect, test } from "vitest";
import { type Digest, digestHex, digestOf } from "../../../../../src/oci/index.ts";
import { chooseRoutes, memoryToApply, REQUEST_COST, type Route } from "../../../../../src/rbuild/repository/delta/delta.ts";
import type { RepositoryIndex } from "../../../../../src/rbuild/trust/format/index-file.ts";

const MB = 1_000_000;
const memory = 4 * 2 ** 30;
const blobOf = (name: string): Digest => digestOf(`blob ${name}`);

/** A blob of 100 MB, 30 MB as zstd, 40 MB as gzip. */
function blob(name: string, { plain = true, zstd = 30 * MB, gzip = 40 * MB } = {}): RepositoryIndex["blobs"][number] {
  const digest = blobOf(name);
  const encoded = (encoding: "gzip" | "zstd", size: number) => {
    const sha256 = digestOf(`${encoding} ${name}`);
    return { encoding, path: `encoded/sha256/${digestHex(sha256)}.${encoding === "zstd" ? "zst" : "gz"}`, sha256, size };
  };
  const file = { path: `blobs/sha256/${digestHex(digest)}`, sha256: digest, size: 100 * MB };
  return {
    digest,
    size: 100 * MB,
    ...(plain ? { plain: file } : {}),
    encodings: [...(gzip ? [encoded("gzip", gzip)] : []), ...(zstd ? [encoded("zstd", zstd)] : [])],
  };
}

function delta(from: string, to: string, size: number, window = 100 * MB): RepositoryIndex["deltas"][number] {
  const sha256 = digestOf(`delta ${from} ${to} ${size}`);
  return { path: `deltas/sha256/${digestHex(sha256)}.zst`, sha256, size, method: "zstd-patch-from", from: blobOf(from), to: blobOf(to), window };
}

const having = (...names: string[]) => new Map(names.map((name) => [blobOf(name), 100 * MB]));
const story = (route: Route | undefined) =>
  route?.kind === "deltas" ? route.deltas.map(({ size }) => size / MB) : route?.kind === "encoded" ? route.file.encoding : route?.kind;

test("what is present is not fetched; what is not is fetched small", () => {
  const index = { blobs: [blob("1"), blob("2"), blob("3", { zstd: 0 }), blob("4", { zstd: 0, gzip: 0 })], deltas: [] };
  const routes = chooseRoutes([blobOf("1"), blobOf("2"), blobOf("3"), blobOf("4"), blobOf("gone")], having("1", "gone"), index, { memory });
  expect(routes.map(story)).toEqual(["present", "zstd", "gzip", "plain", "present"]);
  expect(routes.map(({ size }) => size)).toEqual([0, 30 * MB, 40 * MB, 100 * MB, 0]);
});

test("a blob so small that encoding it gains nothing is fetched as it is", () => {
  const index = { blobs: [blob("1", { zstd: 100 * MB, gzip: 101 * MB })], deltas: [] };
  expect(chooseRoutes([blobOf("1")], having(), index, { memory }).map(story)).toEqual(["plain"]);
});

test("a delta, from what the client has, when it is smaller", () => {
  const index = { blobs: [blob("2"), blob("3")], deltas: [delta("1", "2", 2 * MB), delta("1", "3", 31 * MB), delta("absent", "3", MB)] };
  expect(chooseRoutes([blobOf("2"), blobOf("3")], having("1"), index, { memory }).map(story)).toEqual([[2], "zstd"]);
});

test("a chain when it is cheaper than one delta, and one delta when that is", () => {
  const blobs = [blob("2"), blob("3"), blob("4")];
  const chain = [delta("1", "2", MB), delta("2", "3", 2 * MB), delta("3", "4", 3 * MB)];
  const routes = (deltas: readonly RepositoryIndex["deltas"][number][], options = {}) =>
    chooseRoutes([blobOf("4")], having("1"), { blobs, deltas: [...deltas] }, { memory, ...options }).map(story)[0];
  expect(routes(chain)).toEqual([1, 2, 3]);
  expect(routes(chain, { maxChain: 2 })).toBe("zstd");
  expect(routes([...chain, delta("1", "4", 7 * MB)])).toEqual([1, 2, 3]);
  expect(routes([...chain, delta("1", "4", 7 * MB)], { maxChain: 2 })).toEqual([7]);
  // Two requests more: dearer by as much.
  expect(routes([...chain, delta("1", "4", 6 * MB + REQUEST_COST)])).toEqual([6 + REQUEST_COST / MB]);
  expect(routes([...chain, delta("2", "4", 4 * MB)])).toEqual([1, 4]);
  expect(routes([...chain, delta("4", "1", MB), delta("4", "4", 1)])).toEqual([1, 2, 3]);
});

test("no delta that takes more memory than there is", () => {
  const index = { blobs: [blob("2"), blob("3")], deltas: [delta("1", "2", MB, 2 ** 31), delta("1", "3", MB)] };
  const least = memoryToApply(100 * MB, 100 * MB);
  const wanted = [blobOf("2"), blobOf("3")];
  expect(chooseRoutes(wanted, having("1"), index, { memory: least }).map(story)).toEqual(["zstd", [1]]);
  expect(chooseRoutes(wanted, having("1"), index, { memory: least - 1 }).map(story)).toEqual(["zstd", "zstd"]);
});

test("what nobody has is an error", () => {
  expect(() => chooseRoutes([blobOf("unknown")], having(), { blobs: [], deltas: [] }, { memory })).toThrow(RangeError);
});

test("no other chain is cheaper", () => {
  const names = ["0", "1", "2", "3", "4", "5"];
  const edge = fc.record({ from: fc.constantFrom(...names), to: fc.constantFrom(...names), size: fc.integer({ min: 1, max: 40 }) });
  fc.assert(
    fc.property(fc.array(edge, { maxLength: 20 }), fc.integer({ min: 1, max: 4 }), (edges, maxChain) => {
      const deltas = edges.map(({ from, to, size }) => delta(from, to, size * MB));
      const index = { blobs: names.map((name) => blob(name)), deltas };
      const [route] = chooseRoutes([blobOf("5")], having("0"), index, { memory, maxChain });
      const cheapest = (to: Digest, left: number): number =>
        to === blobOf("0")
          ? 0
          : left === 0
            ? Number.POSITIVE_INFINITY
            : Math.min(Number.POSITIVE_INFINITY, ...deltas.filter((d) => d.to === to).map((d) => d.size + REQUEST_COST + cheapest(d.from, left - 1)));
      expect(route?.cost).toBe(Math.min(30 * MB + REQUEST_COST, cheapest(blobOf("5"), maxChain)));
      if (route?.kind !== "deltas") return;
      expect([route.deltas[0].from, route.deltas.at(-1)?.to]).toEqual([blobOf("0"), blobOf("5")]);
      for (const [position, { from }] of route.deltas.entries()) if (position > 0) expect(from).toBe(route.deltas[position - 1]?.to);
    }),
  );
});
