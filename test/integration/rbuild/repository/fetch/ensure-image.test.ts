import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { diagnoseOffline } from "../../../../../src/rbuild/doctor/index.ts";
import type { RbuildEvent } from "../../../../../src/rbuild/events.ts";
import { explain } from "../../../../../src/rbuild/explain/explain.ts";
import { ensureImage } from "../../../../../src/rbuild/images/ensure-image.ts";
import { writeBundle } from "../../../../../src/rbuild/repository/bundle/write-bundle.ts";
import { serveFiles } from "../../../../support/repository/fetch-lab.ts";
import { type TwoReleases, twoReleases } from "../../../../support/repository/two-releases.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW } from "../../../../support/trust/test-keys.ts";

let releases: TwoReleases;
beforeAll(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  releases = await twoReleases();
}, 60_000);
afterAll(async () => {
  await releases[Symbol.asyncDispose]();
  vi.useRealTimers();
});

async function developer() {
  const client = await releases.client();
  const events: RbuildEvent[] = [];
  return {
    client,
    events,
    codes: () => events.flatMap((event) => (event.kind === "warning.raised" ? [event.code] : [])),
    /** Packages to build it from are in the lab's state. */
    ensure: (places: readonly string[], isExplicit = false, more = {}) =>
      ensureImage(
        {
          name: "small",
          offline: false,
          repositories: { places, keys: releases.lab.keys, isExplicit },
          sources: { pools: [`${releases.lab.images.directory}/state/pool`] },
          ...more,
        },
        { ...releases.lab.images.dependencies, containerHost: releases.docker, stateDirectory: client.state, report: (event) => void events.push(event) },
      ),
  };
}

test("an absent pinned image is fetched; once it is there, nobody is asked", async () => {
  const { ensure, events } = await developer();
  const web = await serveFiles(releases.second);
  expect(await ensure([web.url])).toMatchObject({ kind: "exact", how: "fetched", pin: { digest: releases.pins[1].digest } });
  expect(events.at(-1)).toMatchObject({ kind: "image.accepted", how: "fetched", digest: releases.pins[1].digest });
  web.asked.length = 0;
  expect(await ensure([web.url])).toMatchObject({ kind: "exact", how: "present" });
  expect(web.asked).toEqual([]);
});

test("a repository that does not have it, or is not there, is a warning, and the image is built from its lock", async () => {
  for (const [place, code] of [
    [(await serveFiles(releases.first)).url, "repository.no-such-image"],
    ["http://127.0.0.1:1", "repository.unreachable"],
  ] as const) {
    const { ensure, codes } = await developer();
    expect(await ensure([place])).toMatchObject({ kind: "exact", how: "reproduced" });
    expect(codes()).toContain(code);
  }
});

test("an attack is a warning, but ends the command where the repository was named for it", async () => {
  const portal = await serveFiles(releases.second, (_path, _bytes, _request, response) => (response.end("<html>Log in</html>"), true));
  const { ensure, codes, client } = await developer();
  await expect(ensure([portal.url], true)).rejects.toMatchObject({ code: "trust.captive-portal", category: "untrusted" });
  expect(await client.memory()).toMatchObject({ images: [] });
  expect(await ensure([portal.url])).toMatchObject({ kind: "exact", how: "reproduced" });
  expect(codes()).toContain("trust.captive-portal");
});

test("offline no URL is asked, but a directory may be; without roots nobody is", async () => {
  const web = await serveFiles(releases.second);
  const { ensure } = await developer();
  expect(await ensure([web.url], true, { offline: true })).toMatchObject({ how: "reproduced" });
  expect(web.asked).toEqual([]);
  const other = await developer();
  expect(await other.ensure([web.url, releases.second], false, { offline: true })).toMatchObject({ how: "fetched" });
  const third = await developer();
  expect(await third.ensure([], false, { repositories: { places: [web.url], keys: "/nonexistent", isExplicit: true } })).toMatchObject({ how: "reproduced" });
  expect(third.codes()).toContain("trust.no-root");
  expect(web.asked).toEqual([]);
});

test("explain and doctor say beforehand where an image comes from, without asking or remembering anything", async () => {
  const { client } = await developer();
  const web = await serveFiles(releases.second);
  const { stateDirectory: _built, ...images } = releases.lab.images.dependencies;
  const dependencies = { ...images, containerHost: releases.docker, stateDirectory: client.state };
  const choice = (...places: string[]) => ({ repositories: { places, keys: releases.lab.keys, isExplicit: false } });
  const use = async (...places: string[]) =>
    (await explain({ names: ["small"], directory: "/nonexistent", ...choice(...places) }, dependencies)).images.at(-1)?.use;
  const need = async (...places: string[]) =>
    (await diagnoseOffline({ names: ["small"], tree: "/nonexistent", ...dependencies, ...choice(...places) })).images.at(0);
  const bundled = join(await scratchDirectory(), "small.tar");
  const writing = { roots: releases.roots, report: () => undefined, clock: { now: () => NOW } };
  await writeBundle({ file: bundled, directory: releases.second, names: [{ name: "small" }], channel: "stable", hasPool: false }, writing);

  for (const place of [releases.second, bundled]) {
    expect(await use(web.url, place)).toMatchObject({ kind: "fetched", from: [place] });
    expect(await need(web.url, place)).toMatchObject({ kind: "fetchable", name: "small", source: place, bytes: expect.any(Number) });
  }
  expect(await use(web.url)).toMatchObject({ kind: "fetched", from: [web.url] });
  expect(await need(web.url)).toMatchObject({ kind: "missing" });
  expect(await use(releases.first)).toMatchObject({ kind: "built", reason: expect.stringContaining("has no small 2") });
  const partial = join(await scratchDirectory(), "partial");
  await cp(releases.second, partial, { recursive: true, filter: (path) => !path.includes("/encoded/") });
  expect(await need(partial)).toMatchObject({ kind: "missing" });
  expect(web.asked).toEqual([]);
  expect(await client.memory()).toEqual({ images: [], trust: {} });
});
