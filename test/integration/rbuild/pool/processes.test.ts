import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openPool } from "../../../../src/rbuild/pool/open-pool.ts";
import type { FillOutcome } from "../../../../src/rbuild/pool/pool.ts";
import { mirror, openPoolLab } from "../../../support/pool/fill.ts";
import { hexOf, type TestItem, testItem } from "../../../support/pool/items.ts";
import { give, serve } from "../../../support/pool/web-server.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

const PROGRAM = join(import.meta.dirname, "../../../fixtures/programs/fill-pool.ts");

function startFill(directory: string, url: string, items: readonly TestItem[]): ChildProcess {
  const list = JSON.stringify(items.map(({ archive, path, size, sha256 }) => ({ archive, path, size, sha256 })));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM, directory, url, list], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

test("a fetch whose process is killed is taken up by the next one", async () => {
  const lab = await openPoolLab();
  const item = testItem(1_000_000);
  const web = await serve((request, response) => {
    if (request.headers.range === undefined) response.writeHead(200, { "content-length": item.size }).write(item.content.subarray(0, 400_000));
    else give(item.content, request, response);
  });
  const child = startFill(lab.directory, web.url, [item]);
  const part = join(lab.directory, "tmp", `${hexOf(item)}.part`);
  await expect.poll(async () => (await stat(part).catch(() => undefined))?.size, { timeout: 60_000 }).toBe(400_000);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await lab.pool.has(item)).toBe(false);
  await openPool(lab.directory);
  expect(await lab.fillPool([item], [mirror(web.url)])).toEqual({ present: 0, fetched: 1, bytes: 600_000, discarded: 0 });
  expect(web.asked.at(-1)?.headers.range).toBe("bytes=400000-");
  expect((await readFile(lab.pool.pathOf(item.sha256))).equals(item.content)).toBe(true);
  expect(await readdir(join(lab.directory, "tmp"))).toEqual([]);
});

test("processes that fill a pool at the same time fetch everything once", async () => {
  const directory = await scratchDirectory();
  const items = Array.from({ length: 30 }, () => testItem(50_000));
  const web = await serve((request, response) => {
    const item = items.find(({ path }) => decodeURIComponent(request.url ?? "").endsWith(path));
    setTimeout(() => give(item?.content ?? Buffer.alloc(0), request, response), 20);
  });
  const outcomes = await Promise.all(
    [1, 2, 3].map(async () => {
      const child = startFill(directory, web.url, items);
      const chunks = child.stdout ? await Array.fromAsync(child.stdout as AsyncIterable<Buffer>) : [];
      return JSON.parse(Buffer.concat(chunks).toString()) as FillOutcome;
    }),
  );
  expect(outcomes.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(30 * 50_000);
  expect(web.asked).toHaveLength(30);
  const pool = await openPool(directory);
  for (const item of items) expect((await readFile(pool.pathOf(item.sha256))).equals(item.content)).toBe(true);
  expect(await readdir(join(directory, "tmp"))).toEqual([]);
});
