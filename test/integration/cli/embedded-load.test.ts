import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openEmbedded } from "../../../src/cli/wire/open-embedded.ts";
import { makeEnginePlace } from "../../support/engine/test-engine.ts";
import { imageArchive } from "../../support/image-archive.ts";
import { file, tarOf } from "../../support/tar-entries.ts";

test("the embedded engine takes images without a connection, and answers as over one", async () => {
  await using place = await makeEnginePlace();
  await using embedded = await openEmbedded({ root: place.root, runRoot: place.runRoot, state: `${place.root}/state` });
  const { docker } = embedded;
  const layer = await tarOf([file("a", "1")]);
  const { archive } = await imageArchive([layer], { reference: "rbuild/some:1" });
  const load = (bytes: Uint8Array) => docker.loadImage(Readable.from([bytes]), { quiet: 1, unpack: 1 }) as Promise<AsyncIterable<Buffer>>;
  expect(Buffer.concat(await Array.fromAsync(await load(archive))).toString()).toBe('{"stream":"Loaded image: rbuild/some:1\\n"}\n');
  expect((await docker.listImages()).map(({ RepoTags }) => RepoTags)).toEqual([["rbuild/some:1"]]);
  await expect(load(Buffer.from("no archive"))).rejects.toMatchObject({
    statusCode: expect.any(Number),
    json: { code: expect.stringMatching(/^(?:image|tar)\./) },
  });
  const { archive: other } = await imageArchive([layer], { stored: [await tarOf([file("a", "2")])] });
  await expect(load(other)).rejects.toMatchObject({ json: { code: "content.digest-mismatch" } });
  expect(await docker.listImages()).toHaveLength(1);
});

test("an image whose layer is being unpacked, long after its archive has come, is given up", async () => {
  await using place = await makeEnginePlace();
  await using embedded = await openEmbedded({ root: place.root, runRoot: place.runRoot, state: `${place.root}/state` });
  const { docker } = embedded;
  const layer = await tarOf(Array.from({ length: 20_000 }, (_each, index) => file(`some-directory/${index}`, `${index}`)));
  const { archive } = await imageArchive([layer], { isCompressed: true });
  const stop = new AbortController();
  const loading = docker.loadImage(Readable.from([archive]), { quiet: 1, unpack: 1, abortSignal: stop.signal });
  loading.catch(() => undefined);
  const staged = async () => (await readdir(join(place.root, "snapshots"), { recursive: true })).filter((path) => path.includes("some-directory/")).length;
  while ((await staged()) === 0) await sleep(5);
  stop.abort(new Error("enough"));
  await expect(loading).rejects.toThrow("enough");
  expect(await docker.listImages()).toEqual([]);
  // A process of its own removes them.
  await expect.poll(staged, { timeout: 20_000 }).toBe(0);
});
