import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openPool } from "../../../../src/rbuild/pool/open-pool.ts";
import { run } from "../../../../src/system/index.ts";
import { bytesOf, hexOf, testItem } from "../../../support/pool/items.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

const WRITER = join(import.meta.dirname, "../../../fixtures/programs/slow-put.ts");

const read = async (bytes: AsyncIterable<Uint8Array>) => Buffer.concat(await Array.fromAsync(bytes));

test("gives back what was put in, from where a publisher would have it", async () => {
  const directory = await scratchDirectory();
  const pool = await openPool(directory);
  const item = testItem(700_000);
  expect(await pool.has(item)).toBe(false);
  await pool.put(item, bytesOf(item.content.subarray(0, 10), item.content.subarray(10)));
  expect(await pool.has(item)).toBe(true);
  expect(await pool.has({ ...item, size: 1 })).toBe(false);
  expect(await read(pool.read(item))).toEqual(item.content);
  expect(await readFile(join(directory, "sha256", hexOf(item).slice(0, 2), hexOf(item)))).toEqual(item.content);
  expect(await readdir(join(directory, "tmp"))).toEqual([]);
});

test("is read where nothing can be written", async () => {
  const directory = join(await scratchDirectory(), "pool");
  const item = testItem(1000);
  await (await openPool(directory)).put(item, bytesOf(item.content));
  await writeFile(join(directory, "tmp", "left.new"), "");
  await run("mount", ["--bind", directory, directory]);
  await run("mount", ["-o", "remount,bind,ro", directory]);
  expect(await read((await openPool(directory)).read(item))).toEqual(item.content);
});

test("an empty file is an item like any other", async () => {
  const pool = await openPool(await scratchDirectory());
  const item = testItem(0);
  await pool.put(item, bytesOf());
  expect(await read(pool.read(item))).toEqual(item.content);
});

test("takes nothing else in", async () => {
  const directory = await scratchDirectory();
  const pool = await openPool(directory);
  const item = testItem(1000);
  const state = { taken: 0 };
  async function* endless() {
    for (;;) {
      state.taken += 600;
      yield Buffer.alloc(600);
    }
  }
  for (const wrong of [bytesOf(Buffer.alloc(1000)), bytesOf(item.content.subarray(1)), bytesOf(item.content, Buffer.alloc(1)), endless()]) {
    await expect(pool.put(item, wrong)).rejects.toMatchObject({ code: "pool.wrong-bytes", category: "untrusted" });
  }
  expect(state.taken).toBe(1200);
  expect(await pool.has(item)).toBe(false);
  expect(await readdir(join(directory, "tmp"))).toEqual([]);
});

test("what is missing is an error that names it", async () => {
  const pool = await openPool(await scratchDirectory());
  const { content: _content, ...item } = testItem(5);
  await expect(read(pool.read(item))).rejects.toMatchObject({
    code: "pool.missing",
    hint: "rbuild image vendor",
    details: { count: 1, bytes: 5, items: [item] },
  });
});

test.each([
  ["other bytes", (path: string) => writeFile(path, Buffer.alloc(600_000))],
  ["fewer bytes", (path: string) => truncate(path, 599_999)],
  ["more bytes", (path: string) => writeFile(path, "x", { flag: "a" })],
])("a damaged file (%s) is found when it is read, and taken out", async (_what, damage) => {
  const pool = await openPool(await scratchDirectory());
  const item = testItem(600_000);
  await pool.put(item, bytesOf(item.content));
  await damage(pool.pathOf(item.sha256));
  await expect(read(pool.read(item))).rejects.toMatchObject({ code: "pool.damaged", hint: "rbuild image vendor" });
  expect(await pool.has(item)).toBe(false);
});

test("who is killed while putting leaves nothing that the next one does not remove; who lives is left alone", async () => {
  const directory = await scratchDirectory();
  const start = async () => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", WRITER, directory], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    await once(child.stdout, "data");
    return child;
  };
  const [killed, living] = await Promise.all([start(), start()]);
  expect(await readdir(join(directory, "tmp"))).toHaveLength(2);
  killed.kill("SIGKILL");
  await once(killed, "exit");
  await openPool(directory);
  expect(await readdir(join(directory, "tmp"))).toHaveLength(1);
  expect(living.exitCode).toBe(null);
  living.kill("SIGKILL");
  await once(living, "exit");
  await openPool(directory);
  expect(await readdir(join(directory, "tmp"))).toEqual([]);
  expect(await readdir(join(directory, "sha256"))).toEqual([]);
});

test("a full disk is told as such", async () => {
  const directory = join(await scratchDirectory(), "small");
  await mkdir(directory);
  await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory]);
  const pool = await openPool(directory);
  const item = testItem(3_000_000);
  await expect(pool.put(item, bytesOf(item.content))).rejects.toMatchObject({ code: "pool.no-space", category: "unavailable" });
  expect(await readdir(join(directory, "tmp"))).toEqual([]);
  const small = testItem(10_000);
  await pool.put(small, bytesOf(small.content));
  expect(await pool.has(small)).toBe(true);
});
