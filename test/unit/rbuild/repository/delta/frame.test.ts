import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import { inspectFile } from "../../../../../src/rbuild/repository/delta/frame.ts";
import { blockHeader, frame, rawBlock, rleBlock, windowDescriptor } from "../../../../support/delta/frames.ts";
import { fuzzRuns } from "../../../../support/fuzz/runs.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

const RUNS = fuzzRuns(200, 0.2);

async function inspector() {
  const path = join(await scratchDirectory(), "file");
  return async (bytes: Uint8Array, maxBytes = Number.POSITIVE_INFINITY) => {
    await writeFile(path, bytes);
    return inspectFile(path, maxBytes);
  };
}

test("what a frame says of itself", async () => {
  const inspect = await inspector();
  const read = async (bytes: Uint8Array) => (await inspect(bytes)).frame;
  expect(await read(frame({ contentSize: 7 }))).toEqual({ contentSize: 7, window: 7 });
  expect(await read(frame({ contentSize: 7, window: windowDescriptor(10) }))).toEqual({ contentSize: 7, window: 1024 });
  // Mantissa 7 of 8: RFC 8878's largest.
  expect(await read(frame({ contentSize: 7, window: 0xff }))).toEqual({ contentSize: 7, window: 2 ** 41 + 7 * 2 ** 38 });
  expect(await read(frame({ contentSize: 2n ** 64n - 1n }))).toEqual({ contentSize: 2 ** 64, window: 2 ** 64 });
  expect(await read(frame({ contentSize: 9, blocks: [rleBlock(100_000), rawBlock(Buffer.alloc(70_000)), rawBlock(Buffer.alloc(0), true)] }))).toBeDefined();
});

test("what is no frame, or not one, or not whole", async () => {
  const inspect = await inspector();
  const whole = frame({ contentSize: 3, blocks: [rawBlock(Buffer.from("abc"), true)] });
  const read = async (bytes: Uint8Array) => (await inspect(bytes)).frame;
  expect(await read(whole)).toBeDefined();
  for (let length = 0; length < whole.byteLength; length++) expect(await read(whole.subarray(0, length))).toBeUndefined();
  expect(await read(Buffer.concat([whole, Buffer.alloc(1)]))).toBeUndefined();
  expect(await read(Buffer.concat([whole, whole]))).toBeUndefined();
  expect(await read(frame({ contentSize: 3, checksum: false }))).toBeUndefined();
  expect(await read(frame({ contentSize: 3, blocks: [blockHeader(3, 0, true)] }))).toBeUndefined();
  const withBit = (bit: number) => Buffer.from(whole).fill(whole[4]! | bit, 4, 5);
  for (const bit of [1, 2, 8, 16]) expect(await read(withBit(bit))).toBeUndefined();
  const withoutSize = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x04, windowDescriptor(10), 1, 0, 0, 0, 0, 0, 0]);
  expect(await read(withoutSize)).toBeUndefined();
});

test("digest and size, and no more than was asked for", async () => {
  const inspect = await inspector();
  const bytes = randomBytes(2_500_000);
  expect(await inspect(bytes)).toMatchObject({ size: bytes.byteLength, sha256: digestOf(bytes) });
  expect(await inspect(bytes, 1000)).toMatchObject({ size: 1000, sha256: digestOf(bytes.subarray(0, 1000)) });
});

test("frames that zstd wrote, of any size", async () => {
  const inspect = await inspector();
  // Sizes about where the header's field for them grows.
  for (const size of [0, 1, 255, 256, 257, 65_791, 65_792, 65_793, 3_000_000]) {
    const bytes = zstdCompressSync(randomBytes(size), { params: { 201: 1 } });
    expect((await inspect(bytes)).frame?.contentSize).toBe(size);
  }
});

test("any bytes, whole frames before and behind them", async () => {
  const inspect = await inspector();
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(frame({ contentSize: 3, blocks: [rawBlock(Buffer.from("abc"), true)] })),
    fc.nat(200_000).map((size) => rleBlock(size)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 5 }), async (pieces) => {
      const bytes = Buffer.concat(pieces);
      expect(await inspect(bytes)).toMatchObject({ size: bytes.byteLength, sha256: digestOf(bytes) });
    }),
    { numRuns: RUNS },
  );
});
