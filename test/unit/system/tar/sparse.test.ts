import * as fc from "fast-check";
import { expect, test } from "vitest";
import { expandSparse, resampleSparse, type SparseExtent, type SparseMap } from "../../../../src/system/index.ts";

const SIZE = 400;

/** A map of a file of 400 bytes: each byte is data or not. */
const map = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 60 })), { maxLength: 12 }).map((gaps): SparseMap => {
  const extents: SparseExtent[] = [];
  let end = 0;
  for (const [gap, size] of gaps) {
    if (end + gap + size > SIZE) break;
    extents.push({ offset: end + gap, size });
    end += gap + size;
  }
  return { realSize: SIZE, extents };
});
const packed = (content: Buffer, { extents }: SparseMap) => Buffer.concat(extents.map(({ offset, size }) => content.subarray(offset, offset + size)));

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

test("gives the data of one map from the data of another, zeros where only the new one has data", async () => {
  await fc.assert(
    fc.asyncProperty(map, map, fc.integer({ min: 1, max: 100 }), async (from, to, size) => {
      const content = Buffer.alloc(SIZE);
      for (const extent of from.extents) content.fill(0xaa, extent.offset, extent.offset + extent.size);
      const result = Buffer.concat(await Array.fromAsync(resampleSparse(pieces(packed(content, from), size), from, to)));
      expect(result.equals(packed(content, to))).toBe(true);
      const whole = Buffer.concat(await Array.fromAsync(expandSparse({ size: 0, sparse: from, body: pieces(packed(content, from), size) })));
      expect(whole.equals(content)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
