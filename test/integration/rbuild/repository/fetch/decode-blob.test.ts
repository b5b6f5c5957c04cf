import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { decodedBlob, type Encoding } from "../../../../../src/rbuild/repository/fetch/decode-blob.ts";
import { fuzzRuns } from "../../../../support/fuzz/runs.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

const layer = Buffer.from("a layer ".repeat(50_000));
const blob = { digest: digestOf(layer), size: layer.byteLength };

async function decode(bytes: Uint8Array, encoding: Encoding, wanted = blob) {
  const directory = await scratchDirectory();
  const file = join(directory, "file");
  await writeFile(file, bytes);
  const chunks: Uint8Array[] = [];
  const failure = await (async () => {
    for await (const chunk of decodedBlob(file, encoding, wanted)) chunks.push(chunk);
  })().catch((error: unknown) => error);
  return { failure, content: Buffer.concat(chunks) };
}

test.each<[Encoding, Uint8Array]>([
  ["plain", layer],
  ["gzip", gzipSync(layer)],
  ["zstd", zstdCompressSync(layer)],
])("%s gives the blob", async (encoding, bytes) => {
  const { failure, content } = await decode(bytes, encoding);
  expect(failure).toBeUndefined();
  expect(content.equals(layer)).toBe(true);
});

test.each<[string, Encoding, Uint8Array, string]>([
  ["a gzip bomb", "gzip", gzipSync(Buffer.alloc(100_000_000)), "trust.decompression-bomb"],
  ["a zstd bomb", "zstd", zstdCompressSync(Buffer.alloc(100_000_000)), "trust.decompression-bomb"],
  ["frames behind each other that make more", "zstd", Buffer.concat([zstdCompressSync(layer), zstdCompressSync(layer)]), "trust.decompression-bomb"],
  ["other bytes", "zstd", zstdCompressSync(Buffer.alloc(layer.byteLength)), "trust.wrong-bytes"],
  ["too few", "gzip", gzipSync(layer.subarray(1)), "trust.wrong-bytes"],
  ["half a file", "zstd", zstdCompressSync(layer).subarray(0, 20), "trust.wrong-bytes"],
  ["half a gzip file", "gzip", gzipSync(layer).subarray(0, 200), "trust.wrong-bytes"],
  ["another encoding", "zstd", gzipSync(layer), "trust.wrong-bytes"],
  ["nothing", "gzip", Buffer.alloc(0), "trust.wrong-bytes"],
  // Window of 2^41 bytes: RFC 8878, 3.1.1.1.2.
  ["a huge window", "zstd", Buffer.from("28b52ffd00f8010000", "hex"), "trust.wrong-bytes"],
])("%s is refused before its end is given", async (_what, encoding, bytes, code) => {
  const { failure, content } = await decode(bytes, encoding);
  expect(failure).toMatchObject({ code, category: "untrusted" });
  expect(content.byteLength).toBeLessThan(layer.byteLength);
});

test("whatever a file has, the blob is given exactly or not to its end", async () => {
  const encoded = { gzip: gzipSync(layer), zstd: zstdCompressSync(layer) } as const;
  const mutation = fc.record({ at: fc.nat(), value: fc.nat(255), cut: fc.option(fc.nat()) });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("gzip" as const, "zstd" as const), fc.array(mutation, { maxLength: 3 }), async (encoding, mutations) => {
      let bytes = Buffer.from(encoded[encoding]);
      for (const { at, value, cut } of mutations) {
        bytes[at % bytes.byteLength] = value;
        if (cut !== null) bytes = bytes.subarray(0, Math.max(1, cut % bytes.byteLength));
      }
      const { failure, content } = await decode(bytes, encoding);
      if (failure === undefined) {
        expect(content.equals(layer)).toBe(true);
        return;
      }
      expect(content.byteLength).toBeLessThan(layer.byteLength);
      expect(failure).toMatchObject({ code: expect.stringMatching(/^trust\.(?:wrong-bytes|decompression-bomb)$/) });
    }),
    { numRuns: fuzzRuns(100, 0.01) },
  );
});
