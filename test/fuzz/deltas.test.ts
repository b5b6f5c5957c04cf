import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, expect } from "vitest";
import { digestOf } from "../../src/oci/index.ts";
import { applyDelta, makeDelta } from "../../src/rbuild/repository/delta/delta.ts";
import { inspectFile } from "../../src/rbuild/repository/delta/frame.ts";
import { decodedBlob } from "../../src/rbuild/repository/fetch/decode-blob.ts";
import { frame, rawBlock, rleBlock, windowDescriptor } from "../support/delta/frames.ts";
import { deltaFile, isSameFile, layerFile } from "../support/delta/layer-files.ts";
import { fuzz } from "../support/fuzz/fuzz.ts";

const place = await mkdtemp("/var/tmp/rbuild-fuzz-");
afterAll(() => rm(place, { recursive: true, force: true }));
const [from, to] = [await layerFile(join(place, "1.tar"), 1, 12), await layerFile(join(place, "2.tar"), 2, 12)];
const delta = await readFile((await makeDelta({ from, to, output: join(place, "delta") }, { level: 3 })).path);
const file = join(place, "file");

fuzz("frames of zstd", {
  share: 0.5,
  seeds: [
    delta,
    zstdCompressSync("text ".repeat(100)),
    frame({ contentSize: 10, window: windowDescriptor(10), blocks: [rleBlock(7), rawBlock(Buffer.from("abc"), true)] }),
  ],
  parse: async (bytes) => {
    await writeFile(file, bytes);
    await inspectFile(file, 1_000_000);
  },
  codes: /^delta\.[a-z-]+$/,
});
fuzz("deltas: what comes out is the blob, or nothing does", {
  share: 1 / 100,
  sample: 30,
  seeds: [delta],
  parse: async (bytes) => {
    const output = join(place, "out");
    await rm(output, { force: true });
    try {
      await applyDelta({ from, delta: await deltaFile(file, bytes), expected: to, output });
      expect(await isSameFile(output, to.path)).toBe(true);
    } finally {
      expect((await readdir(place)).filter((name) => name.endsWith(".new"))).toEqual([]);
    }
  },
  codes: /^delta\.[a-z-]+$/,
});
const layer = Buffer.from("a layer ".repeat(500));
for (const [encoding, bytes] of [
  ["gzip", gzipSync(layer)],
  ["zstd", zstdCompressSync(layer)],
] as const) {
  fuzz(`blobs in ${encoding}: the last byte comes only when all of them are the blob's`, {
    share: 0.2,
    seeds: [bytes],
    parse: async (changed) => {
      await writeFile(file, changed);
      expect(Buffer.concat(await Array.fromAsync(decodedBlob(file, encoding, { digest: digestOf(layer), size: layer.byteLength }))).equals(layer)).toBe(true);
    },
    codes: /^trust\.(?:wrong-bytes|decompression-bomb)$/,
  });
}
