import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RepositoryIndex } from "../../../../../src/rbuild/trust/format/index-file.ts";
import { frame, rawBlock, rleBlock, windowDescriptor } from "../../../../support/delta/frames.ts";
import { serveFiles } from "../../../../support/repository/fetch-lab.ts";
import { lyingPublisher } from "../../../../support/repository/lying-publisher.ts";
import { type TwoReleases, twoReleases } from "../../../../support/repository/two-releases.ts";

// Even who has the keys of publisher and freshness gives a client nothing but the blobs that the index names.

let releases: TwoReleases;
beforeAll(async () => void (releases = await twoReleases()), 60_000);
afterAll(() => releases[Symbol.asyncDispose]());

const MIB = 2 ** 20;
/** 1 GiB in 33 kB, whose header says that it is `size`. */
const bomb = (size: number) =>
  frame({ contentSize: size, window: windowDescriptor(20), blocks: [...Array.from({ length: 8191 }, () => rleBlock(128 * 1024)), rleBlock(128 * 1024, true)] });

test.each<[string, RegExp, (size: number) => Buffer]>([
  ["of another blob", /^delta\.wrong-result$/, (size) => Buffer.from(zstdWithSize(Buffer.alloc(size, "x")))],
  ["huge window", /^delta\.too-much-memory$/, (size) => frame({ contentSize: size, window: windowDescriptor(41) })],
  ["expands past the signed size, and says so", /^delta\.expands$/, () => frame({ contentSize: 2n ** 60n })],
  ["expands past the signed size, in spite of what it says", /^delta\.(?:expands|damaged)$/, bomb],
  ["cut", /^delta\.damaged$/, (size) => frame({ contentSize: size, blocks: [rawBlock(Buffer.alloc(100))] }).subarray(0, 60)],
  ["no frame at all", /^delta\.damaged$/, () => Buffer.from("BZh91AY&SY")],
])("forged delta, signed: %s: it is a warning, and the layer comes whole", async (_what, code, forge) => {
  const directory = await lyingPublisher(releases, async (index, { put }) => {
    const deltas = await Promise.all(index.deltas.map(async (delta) => ({ ...delta, ...(await put("deltas", "zst", forge(sizeOf(index, delta.to)))) })));
    return { deltas: [deltas[0]] };
  });
  const client = await releases.client();
  await client.fetch([releases.first]);
  expect(await client.fetch([(await serveFiles(directory)).url])).toMatchObject({ version: "2", how: "full", digest: releases.pins[1].digest });
  expect(client.warnings()).toEqual([expect.stringMatching(code)]);
});

test("forged delta, signed: wrong base: it is a warning, and the layer comes whole", async () => {
  const directory = await lyingPublisher(releases, async (index) => {
    const [ground] = index.images.find(({ name, version }) => name === "small" && version === "1")?.layers ?? [];
    return { deltas: index.deltas.slice(0, 1).map((delta) => ({ ...delta, from: ground })) };
  });
  const client = await releases.client();
  await client.fetch([releases.first]);
  expect(await client.fetch([(await serveFiles(directory)).url])).toMatchObject({ version: "2", how: "full", digest: releases.pins[1].digest });
  expect(client.warnings()).toEqual([expect.stringMatching(/^delta\.(?:damaged|wrong-result|wrong-base)$/)]);
});

test.each<[string, "zstd" | "gzip", string, (size: number) => Buffer]>([
  ["a zstd bomb whose header lies", "zstd", "trust.wrong-bytes", bomb],
  ["a zstd bomb that says nothing of its size", "zstd", "trust.decompression-bomb", () => zstdCompressSync(Buffer.alloc(64 * MIB))],
  ["a gzip bomb", "gzip", "trust.decompression-bomb", () => gzipSync(Buffer.alloc(64 * MIB))],
  ["another layer", "zstd", "trust.wrong-bytes", (size) => zstdCompressSync(Buffer.alloc(size))],
])("a layer, signed: %s: the store stays as it was", async (_what, encoding, code, forge) => {
  const directory = await lyingPublisher(releases, async (index, { put }) => ({
    deltas: [],
    blobs: await Promise.all(
      index.blobs.map(async (blob) =>
        blob.encodings.length === 0
          ? blob
          : { ...blob, plain: undefined, encodings: [{ encoding, ...(await put("encoded", encoding === "zstd" ? "zst" : "gz", forge(blob.size))) }] },
      ),
    ),
  }));
  const client = await releases.client();
  const { images } = await client.memory();
  await expect(client.fetch([(await serveFiles(directory)).url])).rejects.toMatchObject({ code, category: "untrusted" });
  expect((await client.memory()).images).toEqual(images);
});

const sizeOf = (index: RepositoryIndex, digest: string): number => index.blobs.find((blob) => blob.digest === digest)?.size ?? 0;

/** With content size and checksum, as a delta must have them. */
function zstdWithSize(bytes: Buffer): Buffer {
  return zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
}
