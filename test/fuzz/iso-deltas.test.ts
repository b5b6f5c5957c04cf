import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { applyIsoDelta } from "../../src/rbuild/iso-delta/apply-iso-delta.ts";
import { Coders, unitsOf } from "../../src/rbuild/iso-delta/iso-units.ts";
import { makeIsoDelta } from "../../src/rbuild/iso-delta/make-iso-delta.ts";
import { readRecipe } from "../../src/rbuild/iso-delta/recipe.ts";
import { blockRuns } from "../../src/rbuild/iso-delta/squashfs/inodes.ts";
import { HEAD_BYTES, readSuperblock } from "../../src/rbuild/iso-delta/squashfs/superblock.ts";
import { writeCanonical } from "../../src/rbuild/trust/format/canonical.ts";
import { isSameFile } from "../support/delta/layer-files.ts";
import { fuzz } from "../support/fuzz/fuzz.ts";
import { joinParts, packRecipe, readParts } from "../support/iso-delta/forge.ts";
import { smallIso } from "../support/iso-delta/small-isos.ts";

const place = await mkdtemp("/var/tmp/rbuild-fuzz-");
afterAll(() => rm(place, { recursive: true, force: true }));
const [from, to] = [await smallIso(join(place, "1.iso"), 1), await smallIso(join(place, "2.iso"), 2)];
const delta = join(place, "delta");
await makeIsoDelta({ from: from.path, to: to.path, output: delta }, { level: 1 });
const [honest, parts] = [await readFile(delta), await readParts(delta)];
const recipe = Buffer.from(writeCanonical(parts.recipe));
const iso = await readFile(from.path);
const squashfs = iso.subarray(iso.indexOf("hsqs"));

fuzz("recipes of ISO deltas: numbers that fit each other, or a reason", {
  seeds: [recipe],
  tokens: ["copy 0 2048", "pack 0 1 1", "bytes 1", "999999999999999", "1e3"],
  parse: (bytes) => {
    const read = readRecipe(bytes);
    if (typeof read === "string") return;
    let end = 0;
    for (const { offset, length } of read.base) {
      expect(offset).toBeGreaterThanOrEqual(end);
      end = offset + length;
    }
    expect(end).toBeLessThanOrEqual(read.from.size);
    expect(read.steps.reduce((sum, { length }) => sum + length, 0)).toBe(read.to.size);
  },
});

fuzz("superblocks of squashfs", { seeds: [squashfs.subarray(0, HEAD_BYTES)], parse: (bytes) => readSuperblock(bytes) });

const file = Buffer.alloc(40);
for (const [at, value] of [
  [0, 2],
  [16, 96],
  [20, 0xffff_ffff],
  [28, 131_073],
  [32, 1000],
  [36, 1],
] as const)
  file.writeUInt32LE(value, at);
fuzz("tables of inodes", {
  seeds: [Buffer.concat([file, file])],
  parse: (bytes) => {
    try {
      expect([...blockRuns(bytes, 2, 131_072)].length).toBeLessThanOrEqual(2);
    } catch (error) {
      if (bytes.equals(Buffer.concat([file, file])) || !(error instanceof RangeError)) throw error;
    }
  },
});

fuzz("ISOs with a squashfs: cut without a gap, whatever is wrong with it", {
  share: 1 / 50,
  sample: 30,
  // Its tables are where changes matter.
  seeds: [squashfs.subarray(0, 4096), squashfs],
  parse: async (bytes) => {
    const path = join(place, "changed");
    await writeFile(path, bytes);
    await using handle = await open(path);
    let end = 0;
    for (const { offset, length } of await unitsOf(handle, bytes.byteLength, new Coders())) {
      expect(offset).toBe(end);
      end += length;
    }
    expect(end).toBe(bytes.byteLength);
  },
});

for (const [what, seeds, deltaOf] of [
  ["", [honest], (bytes: Buffer) => bytes],
  [", where the recipe alone is changed", [recipe], (bytes: Buffer) => joinParts(parts, packRecipe(bytes))],
] as const) {
  fuzz(`ISO deltas${what}: what comes out is the ISO, or nothing does`, {
    share: 1 / 100,
    sample: 20,
    seeds,
    parse: async (bytes) => {
      const [changed, output] = [join(place, "changed"), join(place, "out")];
      await rm(output, { force: true });
      await writeFile(changed, deltaOf(bytes));
      try {
        await applyIsoDelta({ from: from.path, delta: changed, output, expected: to.digest });
        expect(await isSameFile(output, to.path)).toBe(true);
      } finally {
        expect((await readdir(place)).filter((name) => name.endsWith(".new"))).toEqual([]);
      }
    },
    codes: /^delta\.(?:damaged|expands|not-expected|other-compressor|too-much-memory|wrong-base|wrong-result)$/,
  });
}
