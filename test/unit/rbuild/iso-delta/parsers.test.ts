import { expect, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import { pieceSize } from "../../../../src/rbuild/iso-delta/iso-units.ts";
import { type Recipe, readRecipe, writeRecipe } from "../../../../src/rbuild/iso-delta/recipe.ts";
import { blockRuns } from "../../../../src/rbuild/iso-delta/squashfs/inodes.ts";
import { HEAD_BYTES, readSuperblock } from "../../../../src/rbuild/iso-delta/squashfs/superblock.ts";

const recipe: Recipe = {
  type: "iso-delta",
  version: 1,
  from: { digest: digestOf(Buffer.from("1")), size: 10_000 },
  to: { digest: digestOf(Buffer.from("2")), size: 9_500 },
  coders: [
    { kind: "zstd", level: 6, capacity: 131_072, header: false, version: "1.5.4" },
    { kind: "xz", dictionary: 8192, filters: [4], capacity: 8192, header: true, version: "5.4.1" },
  ],
  base: [
    { offset: 0, length: 2048 },
    { offset: 4000, length: 500, coder: 0 },
  ],
  baseSize: 4000,
  steps: [
    { kind: "bytes", length: 2048 },
    { kind: "copy", offset: 2048, length: 6952 },
    { kind: "pack", coder: 1, content: 8000, length: 500 },
  ],
  formSize: 10_048,
};

test("a recipe is read as it was written", () => {
  expect(readRecipe(writeRecipe(recipe))).toEqual(recipe);
});

/** The head of a file system of 4.5.1, by hand. */
function head(fields: { readonly compressor?: number; readonly flags?: number; readonly options?: Buffer } = {}): Buffer {
  const { compressor = 6, flags = 0x04c0, options = Buffer.from([6, 0, 0, 0]) } = fields;
  const bytes = Buffer.alloc(HEAD_BYTES);
  bytes.write("hsqs", "latin1");
  for (const [at, value] of [
    [4, 100],
    [12, 131_072],
    [16, 3],
  ] as const)
    bytes.writeUInt32LE(value, at);
  for (const [at, value] of [
    [20, compressor],
    [22, 17],
    [24, flags],
    [28, 4],
    [96, 0x8000 | options.byteLength],
  ] as const)
    bytes.writeUInt16LE(value, at);
  [40, 48, 56, 64, 72, 80, 88].forEach((at, index) =>
    bytes.writeBigUInt64LE([9000n, 8900n, -1n & 0xffff_ffff_ffff_ffffn, 5000n, 6000n, 8000n, 8500n][index] as bigint, at),
  );
  options.copy(bytes, 98);
  return bytes;
}

test("however large ISOs are, they are cut into at most a million pieces besides their blocks", () => {
  const GIB = 1024 ** 3;
  expect([1, 2 * GIB, 2 * GIB + 1, 4 * GIB, 64 * GIB].map(pieceSize)).toEqual([2048, 2048, 4096, 4096, 65_536]);
});

test("a superblock: compressors and their options", () => {
  const words = (...values: number[]) => Buffer.from(new Uint32Array(values).buffer);
  const compressorOf = (fields: Parameters<typeof head>[0]) => readSuperblock(head(fields))?.compressor;
  expect(readSuperblock(head())).toMatchObject({ blockSize: 131_072, inodeTable: 5000, exportTable: 8500, bytesUsed: 9000 });
  expect(compressorOf({})).toEqual({ kind: "zstd", level: 6 });
  expect(compressorOf({ flags: 0 })).toEqual({ kind: "zstd", level: 15 });
  expect(compressorOf({ options: words(23) })).toBeUndefined();
  expect(compressorOf({ compressor: 4, flags: 0 })).toEqual({ kind: "xz", dictionary: 131_072, filters: [] });
  expect(compressorOf({ compressor: 4, options: words(65_536, 0b101) })).toEqual({ kind: "xz", dictionary: 65_536, filters: [4, 6] });
  expect(compressorOf({ compressor: 4, options: words(2 ** 30, 0) })).toBeUndefined();
  expect(compressorOf({ compressor: 1, flags: 0 })).toEqual({ kind: "gzip", level: 9 });
  expect(compressorOf({ compressor: 1, options: words(6, 15) })).toEqual({ kind: "gzip", level: 6 });
  expect(compressorOf({ compressor: 1, options: words(6, 14) })).toBeUndefined();
  expect(compressorOf({ compressor: 5, options: words(1, 1) })).toEqual({ kind: "lz4", level: 12 });
  expect(compressorOf({ compressor: 5, options: words(1, 0) })).toEqual({ kind: "lz4", level: 1 });
  for (const compressor of [0, 2, 3, 5, 7]) expect(compressorOf({ compressor })).toBeUndefined();
  expect(readSuperblock(head().subarray(0, 100))).toBeUndefined();
});

test("a table of inodes: where the blocks of files are; one that ends too early, or has an unknown type", () => {
  const file = Buffer.alloc(40);
  file.writeUInt16LE(2);
  file.writeUInt32LE(96, 16);
  file.writeUInt32LE(0xffff_ffff, 20);
  file.writeUInt32LE(131_073, 28);
  file.writeUInt32LE(1000, 32);
  file.writeUInt32LE(1, 36);
  expect([...blockRuns(Buffer.concat([file, file]), 2, 131_072)]).toEqual([1, 2].map(() => ({ start: 96, sizes: [1000, 1] })));
  expect(() => [...blockRuns(file.subarray(0, 38), 1, 131_072)]).toThrow(RangeError);
  expect(() => [...blockRuns(file, 2, 131_072)]).toThrow(RangeError);
  expect(() => [...blockRuns(Buffer.alloc(100), 1, 131_072)]).toThrow(RangeError);
});
