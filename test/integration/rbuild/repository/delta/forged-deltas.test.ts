import { readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyDelta, type BlobFile, makeDelta } from "../../../../../src/rbuild/repository/delta/delta.ts";
import { frame, rawBlock, rleBlock, windowDescriptor } from "../../../../support/delta/frames.ts";
import { blobFile, deltaFile, isSameFile, layerFile, randomBlob } from "../../../../support/delta/layer-files.ts";
import { fuzzRuns } from "../../../../support/fuzz/runs.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

const RUNS = fuzzRuns(50, 0.01);
const GIB = 2 ** 30;

/** Two layers, the delta between them, and a client that is given other deltas. */
async function lab() {
  const directory = await scratchDirectory();
  const [from, to] = [await layerFile(join(directory, "1.tar"), 1, 40), await layerFile(join(directory, "2.tar"), 2, 40)];
  const honest = await makeDelta({ from, to, output: join(directory, "honest") }, { level: 3 });
  const output = join(directory, "out");
  const forged = join(directory, "forged");
  const apply = async (bytes: Uint8Array, files: object = {}, options = {}) =>
    applyDelta({ from, delta: await deltaFile(forged, bytes), expected: to, output, ...files }, options);
  return { directory, from, to, honest, bytes: await readFile(honest.path), output, apply };
}

const refusedAs = (code: string) => expect.objectContaining({ code: `delta.${code}` }) as Error;

test("wrong base: other bytes, another size, none", async () => {
  const { directory, from, to, honest, output } = await lab();
  const wrong = async (base: BlobFile) => applyDelta({ from: base, delta: honest, expected: to, output });
  const other = await randomBlob(join(directory, "other"), from.size);
  await expect(wrong({ ...from, path: other.path })).rejects.toEqual(refusedAs("wrong-base"));
  await expect(wrong({ ...from, size: from.size + 1 })).rejects.toEqual(refusedAs("wrong-base"));
  await expect(wrong({ ...from, path: join(directory, "none") })).rejects.toEqual(refusedAs("wrong-base"));
  await expect(wrong({ ...from, path: directory })).rejects.toEqual(refusedAs("wrong-base"));
  // A flaw where the delta copies nothing from does not matter: what came out is what was wanted.
  expect(await readdir(directory)).not.toContain("out");
});

test("huge window", async () => {
  const { to, apply, bytes } = await lab();
  for (const exponent of [31, 32, 41]) {
    const asking = frame({ contentSize: to.size, window: windowDescriptor(exponent) });
    await expect(apply(asking, {}, { memory: 2 * GIB })).rejects.toEqual(refusedAs("too-much-memory"));
  }
  // Said to be small enough by whoever calls: zstd's own limit holds.
  const asking = frame({ contentSize: to.size, window: windowDescriptor(41) });
  await expect(apply(asking, {}, { memory: Number.POSITIVE_INFINITY })).rejects.toEqual(refusedAs("damaged"));
  await expect(apply(bytes, {}, { memory: 1_000_000 })).rejects.toEqual(refusedAs("too-much-memory"));
});

test("expands past the blob's size", async () => {
  const { directory, to, apply, bytes } = await lab();
  await expect(apply(frame({ contentSize: 2n ** 60n }))).rejects.toEqual(refusedAs("expands"));
  await expect(apply(frame({ contentSize: to.size + 1 }))).rejects.toEqual(refusedAs("expands"));
  await expect(apply(bytes, { expected: { ...to, size: to.size - 1 } })).rejects.toEqual(refusedAs("expands"));
  // 1 GiB in 60 kB, and a header that says nothing of it.
  const bomb = [...Array.from({ length: 8191 }, () => rleBlock(128 * 1024)), rleBlock(128 * 1024, true)];
  await expect(apply(frame({ contentSize: to.size, window: windowDescriptor(20), blocks: bomb }))).rejects.toMatchObject({
    code: expect.stringMatching(/^delta\.(expands|damaged)$/),
  });
  expect((await readdir(directory)).toSorted()).toEqual(["1.tar", "2.tar", "forged", "honest"]);
});

test("not one frame: none, two, something else, no checksum", async () => {
  const { to, apply, bytes } = await lab();
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
  const others = [Buffer.alloc(0), gzipSync("a"), Buffer.concat([bytes, bytes]), Buffer.concat([skippable, bytes]), Buffer.concat([bytes, skippable])];
  for (const forged of [...others, frame({ contentSize: to.size, checksum: false }), Buffer.from("BZh9"), Buffer.from("%PDF")]) {
    await expect(apply(forged)).rejects.toEqual(refusedAs("damaged"));
  }
});

test("not the bytes that the index names", async () => {
  const { directory, from, to, honest, bytes, output } = await lab();
  const expectDamaged = async (changed: Uint8Array) => {
    await writeFile(honest.path, changed);
    await expect(applyDelta({ from, delta: honest, expected: to, output })).rejects.toEqual(refusedAs("damaged"));
  };
  await expectDamaged(Buffer.concat([bytes, Buffer.alloc(1)]));
  await expectDamaged(bytes.subarray(1));
  await expectDamaged(Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]));
  expect((await readdir(directory)).toSorted()).toEqual(["1.tar", "2.tar", "honest"]);
});

test("truncated, and signed so", async () => {
  const { apply, bytes } = await lab();
  for (let part = 0; part < 12; part++)
    await expect(apply(bytes.subarray(0, Math.floor((bytes.byteLength * part) / 12)))).rejects.toEqual(refusedAs("damaged"));
  await expect(apply(bytes.subarray(0, -1))).rejects.toEqual(refusedAs("damaged"));
});

test("another blob than the index says", async () => {
  const directory = await scratchDirectory();
  const [from, to, other] = [
    await randomBlob(join(directory, "1"), 5000),
    await randomBlob(join(directory, "2"), 5000),
    await randomBlob(join(directory, "3"), 5000),
  ];
  const delta = await makeDelta({ from, to, output: join(directory, "delta") });
  const output = join(directory, "out");
  await expect(applyDelta({ from, delta, expected: other, output })).rejects.toEqual(refusedAs("wrong-result"));
  const longer = await blobFile(join(directory, "4"), Buffer.alloc(6000));
  await expect(applyDelta({ from, delta, expected: longer, output })).rejects.toEqual(refusedAs("wrong-result"));
  const lying = await deltaFile(join(directory, "lying"), frame({ contentSize: 5000, blocks: [rawBlock(Buffer.alloc(4000), true)] }));
  await expect(applyDelta({ from, delta: lying, expected: to, output })).rejects.toEqual(refusedAs("damaged"));
  expect(await readdir(directory)).not.toContain("out");
});

test("a base that changes while it is read", async () => {
  const { from, to, honest, output } = await lab();
  const changes = [() => writeFile(from.path, Buffer.alloc(from.size)), () => truncate(from.path, 1)];
  for (const change of changes) {
    const bytes = await readFile(from.path);
    const applying = applyDelta({ from, delta: honest, expected: to, output }, { onProgress: () => void change() });
    const failure = await applying.catch((error: unknown) => error);
    if (failure === undefined) expect(await isSameFile(output, to.path)).toBe(true);
    else expect(failure).toEqual(refusedAs("wrong-base"));
    await writeFile(from.path, bytes);
  }
});

test("flipped bits, overwritten and moved pieces, all signed: the blob or a refusal", async () => {
  const { directory, to, bytes, output, apply } = await lab();
  const change = fc.record({
    at: fc.nat(bytes.byteLength - 1),
    kind: fc.constantFrom("flip", "set", "drop", "double"),
    value: fc.nat(255),
    length: fc.nat(40),
  });
  const mutate = (changes: readonly (typeof change extends fc.Arbitrary<infer T> ? T : never)[]) =>
    changes.reduce((result, { at, kind, value, length }) => {
      const [before, after] = [result.subarray(0, at), result.subarray(at)];
      if (kind === "drop") return Buffer.concat([before, after.subarray(length)]);
      if (kind === "double") return Buffer.concat([before, after.subarray(0, length), after]);
      const changed = Buffer.from(result);
      if (at < changed.byteLength) changed[at] = kind === "set" ? value : changed[at]! ^ (1 << (value & 7));
      return changed;
    }, bytes);
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const failure: unknown = await apply(mutate(changes)).catch((error: unknown) => error);
      if (failure === undefined) expect(await isSameFile(output, to.path)).toBe(true);
      else expect(failure).toMatchObject({ code: expect.stringMatching(/^delta\./) });
      expect((await readdir(directory)).filter((name) => name.endsWith(".new"))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});
