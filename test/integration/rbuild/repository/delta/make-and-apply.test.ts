import { writeFileSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test, vi } from "vitest";
import { applyDelta, MAX_DELTA_BLOB, makeDelta } from "../../../../../src/rbuild/repository/delta/delta.ts";
import { isSameFile, layerFile, randomBlob } from "../../../../support/delta/layer-files.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

const program = new URL("../../../../fixtures/programs/make-delta.ts", import.meta.url).pathname;

test("layers of three versions, one from the other", async () => {
  const directory = await scratchDirectory();
  const layers = [await layerFile(join(directory, "1.tar"), 1), await layerFile(join(directory, "2.tar"), 2), await layerFile(join(directory, "3.tar"), 3)];
  const client = join(directory, "client");
  await mkdir(client);
  let have = { ...layers[0]!, path: join(client, "1") };
  await copyFile(layers[0]!.path, have.path);
  for (const [index, to] of layers.entries()) {
    const from = layers[index - 1];
    if (!from) continue;
    const made: number[] = [];
    const delta = await makeDelta({ from, to, output: join(directory, "new/deltas", `${index}.zst`) }, { onProgress: ({ bytes }) => made.push(bytes) });
    expect(delta).toMatchObject({ window: to.size, method: "zstd-patch-from" });
    expect(delta.size).toBeLessThan(to.size / 100);
    expect(made.at(-1)).toBe(to.size);
    const done: number[] = [];
    const output = join(client, String(index + 1));
    await applyDelta({ from: have, delta, expected: to, output }, { onProgress: ({ bytes, of }) => done.push(bytes / of) });
    expect(done.at(-1)).toBe(1);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    have = { ...to, path: output };
  }
  expect(await isSameFile(have.path, layers[2]!.path)).toBe(true);
  expect((await readdir(client)).toSorted()).toEqual(["1", "2", "3"]);
});

test("blobs that have nothing in common, and tiny ones", async () => {
  const directory = await scratchDirectory();
  for (const [fromSize, toSize] of [
    [300_000, 200_000],
    [1, 1],
    [3, 70_000],
  ] as const) {
    const [from, to] = [await randomBlob(join(directory, "from"), fromSize), await randomBlob(join(directory, "to"), toSize)];
    const delta = await makeDelta({ from, to, output: join(directory, "delta") });
    expect(delta.window).toBeGreaterThan(0);
    await applyDelta({ from, delta, expected: to, output: join(directory, "out") });
    expect(await isSameFile(to.path, join(directory, "out"))).toBe(true);
  }
});

test("one processor or two, another place, other times: the same delta", async () => {
  const directory = await scratchDirectory();
  const [from, to] = [await layerFile(join(directory, "1.tar"), 1), await layerFile(join(directory, "2.tar"), 2)];
  const elsewhere = join(directory, "with a space");
  await mkdir(elsewhere);
  const moved = { ...to, path: join(elsewhere, "-to.tar") };
  await copyFile(to.path, moved.path);
  const made = async (processors: string, blob: typeof to) => {
    const files = JSON.stringify({ from, to: blob, output: join(elsewhere, processors) });
    const { stdout } = await execa("taskset", ["-c", processors, process.execPath, "--disable-warning=ExperimentalWarning", program, files]);
    return JSON.parse(stdout) as { sha256: string };
  };
  const [one, two] = [await made("0", to), await made("0,1", moved)];
  expect(one.sha256).toBe(two.sha256);
});

test("layers that are not what they are said to be", async () => {
  const directory = await scratchDirectory();
  const [from, to] = [await layerFile(join(directory, "1.tar"), 1, 100), await layerFile(join(directory, "2.tar"), 2, 100)];
  const output = join(directory, "out");
  const refused = (files: object, options = {}) => expect(makeDelta({ from, to, output, ...files }, options)).rejects;
  await refused({ to: { ...to, digest: from.digest } }).toMatchObject({ code: "delta.wrong-layer" });
  await refused({ from: { ...from, digest: to.digest } }).toMatchObject({ code: "delta.wrong-layer" });
  await refused({ to: { ...to, size: to.size + 1 } }).toMatchObject({ code: "delta.wrong-layer" });
  await refused({ to: { ...to, size: MAX_DELTA_BLOB + 1 } }).toMatchObject({ code: "delta.too-large" });
  await refused({ from: { ...from, size: MAX_DELTA_BLOB + 1 } }).toMatchObject({ code: "delta.too-large" });
  expect((await readdir(directory)).toSorted()).toEqual(["1.tar", "2.tar"]);
});

test("layers that change while a delta is made between them", async () => {
  const directory = await scratchDirectory();
  const [from, to] = [await layerFile(join(directory, "1.tar"), 1), await layerFile(join(directory, "2.tar"), 2)];
  const output = join(directory, "out");
  for (const changing of [from, to]) {
    const bytes = await readFile(changing.path);
    const options = { level: 1, onProgress: () => writeFileSync(changing.path, Buffer.alloc(changing.size)) };
    await expect(makeDelta({ from, to, output }, options)).rejects.toMatchObject({ code: "delta.wrong-layer" });
    await writeFile(changing.path, bytes);
  }
  expect(await readdir(directory)).not.toContain("out");
});

test("without zstd", async () => {
  const directory = await scratchDirectory();
  const [from, to] = [await layerFile(join(directory, "1.tar"), 1, 10), await layerFile(join(directory, "2.tar"), 2, 10)];
  const delta = await makeDelta({ from, to, output: join(directory, "delta") }, { level: 3 });
  vi.stubEnv("PATH", directory);
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(applyDelta({ from, delta, expected: to, output: join(directory, "out") })).rejects.toMatchObject({ code: "delta.no-zstd" });
  await expect(makeDelta({ from, to, output: join(directory, "other") })).rejects.toMatchObject({ code: "tool.missing" });
});

test("cancelled", async () => {
  const directory = await scratchDirectory();
  const [from, to] = [await layerFile(join(directory, "1.tar"), 1, 100), await layerFile(join(directory, "2.tar"), 2, 100)];
  const controller = new AbortController();
  const options = { onProgress: () => controller.abort(new Error("enough")), signal: controller.signal };
  await expect(makeDelta({ from, to, output: join(directory, "out") }, options)).rejects.toThrow("enough");
  const delta = await makeDelta({ from, to, output: join(directory, "delta") }, { level: 3 });
  await expect(applyDelta({ from, delta, expected: to, output: join(directory, "out") }, options)).rejects.toThrow("enough");
  expect((await readdir(directory)).toSorted()).toEqual(["1.tar", "2.tar", "delta"]);
});
