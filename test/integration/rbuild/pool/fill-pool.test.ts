import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openPool } from "../../../../src/rbuild/pool/open-pool.ts";
import type { Pool, PoolItem } from "../../../../src/rbuild/pool/pool.ts";
import { mirror, openPoolLab } from "../../../support/pool/fill.ts";
import { bytesOf, hexOf, type TestItem, testItem } from "../../../support/pool/items.ts";
import { give, serve } from "../../../support/pool/web-server.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

const contentIn = (pool: Pool, item: PoolItem) => readFile(pool.pathOf(item.sha256));

async function expectAllIn(pool: Pool, items: readonly TestItem[]): Promise<void> {
  for (const item of items) expect((await contentIn(pool, item)).equals(item.content)).toBe(true);
  expect(await readdir(join(pool.directory, "tmp"))).toEqual([]);
}

test("takes each item from the first place that has it, several at once, and tells how far it is", async () => {
  const [onStick, published, mirrored, old] = [testItem(), testItem(), testItem(300_000), testItem()];
  const lab = await openPoolLab();
  const stick = await openPool(await scratchDirectory());
  await stick.put(onStick, bytesOf(onStick.content));
  const state = { active: 0, most: 0 };
  const publisher = await serve((request, response) => {
    if (request.url === `/p/sha256/${hexOf(published).slice(0, 2)}/${hexOf(published)}`) give(published.content, request, response);
    else response.writeHead(404).end();
  });
  const debian = await serve((request, response) => {
    state.most = Math.max(state.most, ++state.active);
    setTimeout(() => {
      state.active--;
      if (decodeURIComponent(request.url ?? "") === `/debian/${mirrored.path}`) give(mirrored.content, request, response);
      else response.writeHead(404).end();
    }, 30);
  });
  const states = await serve((request, response) => {
    if (request.url === `/a/debian/20260711T094637Z/${encodeURIComponent(old.path.split("/").at(-1) ?? "")}`) give(old.content, request, response);
    else response.writeHead(404).end();
  });
  const items = [onStick, published, mirrored, old];
  const outcome = await lab.fillPool(items, [
    { kind: "directory", path: stick.directory },
    { kind: "publisher", url: `${publisher.url}/p` },
    { kind: "mirror", archive: "another", url: debian.url },
    mirror(`${debian.url}/debian/`),
    { kind: "template", template: `${states.url}/a/{archive}/{timestamp}/{name}`, timestamp: "20260711T094637Z" },
  ]);
  expect(outcome).toEqual({ present: 0, fetched: 4, bytes: 600_000, discarded: 0 });
  expect(state.most).toBe(2);
  expect(debian.asked.map(({ url }) => url)).toContain(`/debian/${mirrored.path.replaceAll("+", "%2B")}`);
  await expectAllIn(lab.pool, items);
  expect(lab.events.at(0)).toMatchObject({ kind: "step.started", name: "pool.fetch" });
  expect(lab.events.at(-2)).toMatchObject({ kind: "step.progressed", done: 600_000, total: 600_000, unit: "bytes" });
  expect(lab.events.at(-1)).toMatchObject({ kind: "step.finished" });
  expect(await lab.fillPool(items, [])).toEqual({ present: 4, fetched: 0, bytes: 0, discarded: 0 });
});

test("offline, everything that is missing is listed, and nobody is asked", async () => {
  const here = testItem();
  const gone = [testItem(1000), testItem(234)];
  const lab = await openPoolLab();
  await lab.pool.put(here, bytesOf(here.content));
  const web = await serve((_request, response) => response.end());
  const listed = gone.map(({ archive, path, size, sha256 }) => ({ archive, path, size, sha256 }));
  await expect(lab.fillPool([here, ...gone], [mirror(web.url)], { offline: true })).rejects.toMatchObject({
    code: "pool.missing",
    message: expect.stringContaining("2 packages, 1.2 kB (1234 bytes)"),
    hint: expect.stringContaining("rbuild image vendor"),
    details: { count: 2, bytes: 1234, items: listed },
  });
  const stick = await openPool(await scratchDirectory());
  for (const item of gone.slice(0, 1)) await stick.put(item, bytesOf(item.content));
  const sources = () => Promise.resolve([mirror(web.url), { kind: "directory" as const, path: stick.directory }]);
  await expect(lab.fillPool([here, ...gone], sources, { offline: true })).rejects.toMatchObject({
    code: "pool.missing",
    message: expect.stringContaining(`missing in the pool and ${stick.directory}`),
    details: { count: 1, bytes: 234 },
  });
  expect(await lab.fillPool([here, ...gone.slice(0, 1)], sources, { offline: true })).toMatchObject({ present: 2 });
  expect(web.asked).toEqual([]);
});

test("an item that is nowhere is told with each source's reason, without passwords, and the others are fetched", async () => {
  const [there, gone] = [testItem(), testItem()];
  const lab = await openPoolLab();
  const web = await serve((request, response) => {
    if (request.url?.includes(hexOf(there))) give(there.content, request, response);
    else response.writeHead(404, "Gone fishing").end();
  });
  const sources = [
    { kind: "directory", path: "/nonexistent" },
    { kind: "publisher", url: web.url.replace("http://", "http://me:secret@") },
    { kind: "publisher", url: "http://me@127.0.0.1:1" },
    { kind: "template", template: "http://127.0.0.1:1/{timestamp}" },
  ] as const;
  const error: Error & { details?: unknown } = await lab.fillPool([gone, there], sources).then(
    () => new Error("filled"),
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ code: "pool.not-obtainable", category: "unavailable" });
  expect(error.message).toContain(`${web.url.replace("http://", "http://***@")}: it answers 404 Gone fishing`);
  expect(error.message).toContain("http://***@127.0.0.1:1: connect ECONNREFUSED");
  expect(JSON.stringify([error.message, error.details, lab.events])).not.toMatch(/secret|me@/);
  expect(error.details).toMatchObject({
    items: [{ path: gone.path, sources: [{ source: "/nonexistent" }, {}, {}, { reason: "it does not have this archive" }] }],
  });
  expect(await lab.pool.has(there)).toBe(true);
  expect(await readdir(join(lab.directory, "tmp"))).toEqual([]);
});

test("a source that does not answer is asked a few times, not for every item", async () => {
  const items = Array.from({ length: 40 }, () => testItem(10));
  const lab = await openPoolLab();
  const web = await serve((_request, response) => response.destroy());
  const other = await serve((request, response) =>
    give(items.find((item) => request.url?.includes(hexOf(item)))?.content ?? Buffer.alloc(0), request, response),
  );
  await lab.fillPool(items, [
    { kind: "publisher", url: web.url },
    { kind: "publisher", url: other.url },
  ]);
  expect(web.asked.length).toBeLessThanOrEqual(24);
  await expectAllIn(lab.pool, items);
});

test("a wrong file in a directory is told, and the next place is asked", async () => {
  const item = testItem();
  const lab = await openPoolLab();
  const [bad, good] = await Promise.all([scratchDirectory(), scratchDirectory()].map(async (directory) => openPool(await directory)));
  await bad?.put(item, bytesOf(item.content));
  await good?.put(item, bytesOf(item.content));
  await writeFile(bad?.pathOf(item.sha256) ?? "", Buffer.alloc(item.size + 5));
  const sources = [bad, good].map((pool) => ({ kind: "directory" as const, path: pool?.directory ?? "" }));
  await lab.fillPool([item], sources);
  await expectAllIn(lab.pool, [item]);
  expect(lab.warnings()).toEqual([expect.stringContaining(`pool.wrong-bytes ${bad?.directory} gave something else for ${item.path}: more than its`)]);
  await expect((await openPoolLab()).fillPool([item], sources.slice(0, 1))).rejects.toMatchObject({ code: "pool.wrong-bytes", category: "untrusted" });
});

test("what does not fit on the disk is told before anything is fetched", async () => {
  const lab = await openPoolLab();
  const web = await serve((_request, response) => response.end());
  await expect(lab.fillPool([{ ...testItem(), size: 2 ** 52 }], [mirror(web.url)])).rejects.toMatchObject({ code: "pool.no-space" });
  expect(web.asked).toEqual([]);
});

test("an abort ends it at once with the signal's reason", async () => {
  const lab = await openPoolLab({ response: 60_000 });
  const stop = new AbortController();
  const web = await serve(() => setTimeout(() => stop.abort(new Error("enough")), 20));
  await expect(lab.fillPool([testItem(), testItem()], [mirror(web.url)], { signal: stop.signal })).rejects.toThrow("enough");
  expect(await readdir(join(lab.directory, "tmp"))).toEqual([]);
});
