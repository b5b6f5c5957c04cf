import { truncateSync, writeFileSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import { applyIsoDelta, readIsoDelta } from "../../../../src/rbuild/iso-delta/apply-iso-delta.ts";
import { makeIsoDelta } from "../../../../src/rbuild/iso-delta/make-iso-delta.ts";
import { isSameFile } from "../../../support/delta/layer-files.ts";
import { type Compression, smallIso } from "../../../support/iso-delta/small-isos.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

test.for(["zstd", "xz", "gzip", "lz4"] as const)("squashfs of %s: every changed block is made anew from its content, to the same ISO", async (compression) => {
  const { directory, from, to } = await twoIsos(compression);
  const [path, output] = [join(directory, "delta"), join(directory, "out")];
  const made = await makeIsoDelta({ from: from.path, to: to.path, output: path });
  expect(made).toMatchObject({ from: { digest: from.digest, size: from.size }, to: { digest: to.digest, size: to.size } });
  expect(made.blocks.sent).toBe(0);
  expect(made.blocks.made).toBeGreaterThan(2);
  expect(made.blocks.copied).toBeGreaterThan(made.blocks.made);
  expect(made.size).toBeLessThan(from.size / 25);
  const progress: number[] = [];
  const done = await applyIsoDelta({ from: from.path, delta: path, output, expected: to.digest }, { onProgress: ({ bytes }) => progress.push(bytes) });
  expect(done).toEqual({ path: output, digest: to.digest, size: to.size });
  expect(progress.at(-1)).toBe(to.size);
  expect(await isSameFile(output, to.path)).toBe(true);
  const again = await makeIsoDelta({ from: from.path, to: to.path, output: join(directory, "again") });
  expect(again.sha256).toBe(made.sha256);
  expect(await names(directory)).toEqual(["1.iso", "2.iso", "again", "delta", "out"]);
});

test("a compressor that rbuild does not know: blocks are sent as they are, and the ISO is the same", async () => {
  const { directory, from, to } = await twoIsos("lzo");
  const [path, output] = [join(directory, "delta"), join(directory, "out")];
  expect((await makeIsoDelta({ from: from.path, to: to.path, output: path })).blocks).toEqual({ copied: 0, made: 0, sent: 0 });
  await applyIsoDelta({ from: from.path, delta: path, output, expected: to.digest });
  expect(await isSameFile(output, to.path)).toBe(true);
});

test("between other compressors, to and from no squashfs, of one and the same, over the old one", async () => {
  const directory = await scratchDirectory();
  const [zstd, lz4] = [await smallIso(join(directory, "zstd.iso"), 1), await smallIso(join(directory, "lz4.iso"), 1, "lz4")];
  const plain = { path: join(directory, "plain"), bytes: Buffer.from("no ISO at all") };
  await writeFile(plain.path, plain.bytes);
  // Begins as a squashfs does and is none, or ends too early.
  const cut = { path: join(directory, "cut"), bytes: (await readFile(zstd.path)).subarray(0, zstd.size - 200_000) };
  await writeFile(cut.path, cut.bytes);
  const pairs = [
    [zstd.path, lz4.path],
    [lz4.path, plain.path],
    [plain.path, zstd.path],
    [cut.path, zstd.path],
    [zstd.path, zstd.path],
  ] as const;
  for (const [from, to] of pairs) {
    const [path, output] = [join(directory, "delta"), join(directory, "out")];
    const { to: made } = await makeIsoDelta({ from, to, output: path }, { level: 1 });
    expect(made.digest).toBe(digestOf(await readFile(to)));
    await applyIsoDelta({ from, delta: path, output, expected: made.digest });
    expect(await isSameFile(output, to)).toBe(true);
  }
  const path = join(directory, "delta");
  const made = await makeIsoDelta({ from: zstd.path, to: lz4.path, output: path }, { level: 1 });
  await applyIsoDelta({ from: zstd.path, delta: path, output: zstd.path, expected: made.to.digest });
  expect(await isSameFile(zstd.path, lz4.path)).toBe(true);
});

test("what cannot have a delta: nothing in it, no file", async () => {
  const directory = await scratchDirectory();
  const iso = await smallIso(join(directory, "1.iso"), 1);
  const empty = join(directory, "empty");
  await writeFile(empty, "");
  for (const paths of [
    { from: empty, to: iso.path },
    { from: iso.path, to: empty },
    { from: iso.path, to: directory },
  ]) {
    await expect(makeIsoDelta({ ...paths, output: join(directory, "delta") })).rejects.toMatchObject({ code: "delta.wrong-layer" });
  }
  expect(await names(directory)).toEqual(["1.iso", "empty"]);
});

test("an ISO that is cut or overwritten while a delta is made from it", async () => {
  const changes = [(path: string) => truncateSync(path, 100_000), (path: string, size: number) => writeFileSync(path, Buffer.alloc(size, 1))];
  for (const change of changes) {
    const { directory, from, to } = await twoIsos("zstd");
    const onProgress = () => change(from.path, from.size);
    const made = makeIsoDelta({ from: from.path, to: to.path, output: join(directory, "delta") }, { level: 1, onProgress });
    await expect(made).rejects.toMatchObject({ code: "delta.wrong-layer" });
    expect(await names(directory)).toEqual(["1.iso", "2.iso"]);
  }
});

test("a delta says what it is of", async () => {
  const { directory, from, to } = await twoIsos("zstd");
  const path = join(directory, "delta");
  const made = await makeIsoDelta({ from: from.path, to: to.path, output: path }, { level: 1 });
  const { recipe, size } = await readIsoDelta(path);
  expect(recipe).toMatchObject({ from: made.from, to: made.to });
  expect(size).toBe(made.size);
  await expect(readIsoDelta(from.path)).rejects.toMatchObject({ code: "delta.damaged", details: { path: from.path } });
});

async function twoIsos(compression: Compression) {
  const directory = await scratchDirectory();
  const [from, to] = [await smallIso(join(directory, "1.iso"), 1, compression), await smallIso(join(directory, "2.iso"), 2, compression)];
  for (const { path } of [from, to]) for (const more of [".tree", ".squashfs"]) await rm(path + more, { recursive: true });
  return { directory, from, to };
}

const names = async (directory: string) => (await readdir(directory)).filter((name) => !/\.(tree|squashfs)$/.test(name)).toSorted();
