import { Readable } from "node:stream";
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
