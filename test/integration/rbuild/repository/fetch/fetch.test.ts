import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Digest } from "../../../../../src/oci/index.ts";
import { fetchSavedBlobs } from "../../../../../src/rbuild/images/assemble/saved-blobs.ts";
import { writeBundle } from "../../../../../src/rbuild/repository/bundle/write-bundle.ts";
import { imageArchive } from "../../../../support/image-archive.ts";
import { serveFiles } from "../../../../support/repository/fetch-lab.ts";
import { type TwoReleases, twoReleases } from "../../../../support/repository/two-releases.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW } from "../../../../support/trust/test-keys.ts";

let releases: TwoReleases;
beforeAll(async () => void (releases = await twoReleases()), 60_000);
afterAll(() => releases[Symbol.asyncDispose]());

const idOf = async (tag: string) => (await releases.docker.getImage(tag).inspect()).Id;
const DAY = 86_400_000;

test("an image is fetched whole, then its next version as a delta, from a web server", async () => {
  const client = await releases.client();
  const [old, web] = [await serveFiles(releases.first), await serveFiles(releases.second)];
  const whole = await client.fetch([old.url]);
  expect(whole).toMatchObject({ version: "1", how: "full", digest: releases.pins[0].digest, imageId: releases.pins[0].imageId, source: old.url });
  expect(await idOf("rbuild/small:1")).toBe(releases.pins[0].imageId);
  const next = await client.fetch([web.url]);
  expect(next).toMatchObject({ version: "2", how: "delta", digest: releases.pins[1].digest });
  expect(await idOf("rbuild/small:2")).toBe(releases.pins[1].imageId);
  expect(next.bytes).toBeLessThan(whole.bytes / 20);
  expect(web.asked.filter(({ url }) => url.startsWith("/encoded/"))).toEqual([]);
  expect(client.events.filter(({ kind }) => kind === "image.fetched")).toMatchObject([{ how: "full" }, { how: "delta", bytes: next.bytes }]);
  // What is there is not asked for again.
  web.asked.length = 0;
  expect(await client.fetch([web.url])).toMatchObject({ how: "present", bytes: 0 });
  expect(web.asked.map(({ url }) => url)).toEqual(["/root/2.json", "/current.json", "/freshness/2.json", "/freshness/2.json.asc"]);
});

test("layers that the engine has compressed alone are fetched", async () => {
  await (await releases.client()).fetch([releases.first]);
  const { Id, RootFS } = await releases.docker.getImage("rbuild/small:1").inspect();
  const digests = (RootFS.Layers ?? []) as Digest[];
  const saved = await fetchSavedBlobs(Id, digests, { host: releases.docker, directory: await scratchDirectory() });
  const layers = await Promise.all(digests.map((digest) => readFile(saved.get(digest)!.path)));
  const client = await releases.client();
  const { archive } = await imageArchive(layers, { isCompressed: true, reference: "rbuild/other:1" });
  (await releases.docker.loadImage(Readable.from([archive]))).resume();
  expect((await releases.docker.getImage("rbuild/other:1").inspect()).RootFS.Layers).toEqual(digests);
  expect(await client.fetch([releases.first])).toMatchObject({ version: "1", how: "full", digest: releases.pins[0].digest });
  expect(await idOf("rbuild/small:1")).toBe(releases.pins[0].imageId);
});

test("a damaged part of an earlier fetch is taken up, and then begun anew; what came for nothing is told apart", async () => {
  const web = await serveFiles(releases.second);
  const whole = await (await releases.client()).fetch([web.url]);
  const path = web.asked.map(({ url }) => url).find((url) => url.startsWith("/encoded/")) ?? "";
  const bytes = await readFile(join(releases.second, path));
  const client = await releases.client();
  const part = bytes.subarray(0, 100_000);
  part[5]! ^= 1;
  await mkdir(join(client.state, "fetch/files/tmp"), { recursive: true });
  await writeFile(join(client.state, "fetch/files/tmp", `${/[0-9a-f]{64}/.exec(path)?.[0]}.part`), part);
  web.asked.length = 0;
  expect(await client.fetch([web.url])).toMatchObject({ how: "full", bytes: whole.bytes, discarded: bytes.byteLength - part.byteLength });
  expect(web.asked.filter(({ url }) => url === path).map(({ headers }) => headers.range)).toEqual(["bytes=100000-", undefined]);
});

test("a directory and a version by name", async () => {
  const client = await releases.client();
  expect(await client.fetch([releases.second], { version: "1" })).toMatchObject({ version: "1", how: "full" });
  expect(await client.fetch([releases.second], { channel: "stable" })).toMatchObject({ version: "2", how: "delta" });
  const refused = async (choice: Parameters<typeof client.fetch>[1]) => client.fetch([releases.second], choice).catch((error: unknown) => error);
  const code = "repository.no-such-image";
  expect(await refused({ channel: "testing" })).toMatchObject({
    code,
    hint: expect.stringMatching(/it has .* in stable; name one with --channel or --version/),
  });
  expect(await refused({ version: "7" })).toMatchObject({ code, hint: expect.stringMatching(/it has .*; name one with --version/) });
  expect(await refused({ name: "smal" })).toMatchObject({ code, hint: "there is small" });
  await expect(client.fetch(["/nonexistent/stick"])).rejects.toMatchObject({
    code: "repository.unreachable",
    message: expect.stringContaining("/nonexistent/stick"),
  });
  await expect(client.fetch([releases.second], { architecture: "arm64" })).rejects.toMatchObject({ code: "repository.no-such-image" });
});

test("the pin of the tree says which image, and that it is the only one", async () => {
  const client = await releases.client();
  expect(await client.fetch([releases.second], { pin: releases.pins[0] })).toMatchObject({ version: "1" });
  const other = { ...releases.pins[1], digest: releases.pins[0].digest };
  const before = await client.memory();
  await expect(client.fetch([releases.second], { pin: other })).rejects.toMatchObject({ code: "image.pin-mismatch", category: "refused" });
  expect(await client.memory()).toEqual(before);
});

test("freeze: a stale repository gives what is pinned, with a warning, and nothing else", async () => {
  const client = await releases.client();
  const now = new Date(NOW.getTime() + 20 * DAY);
  await expect(client.fetch([releases.second], {}, { now })).rejects.toMatchObject({ code: "trust.freeze", category: "untrusted" });
  expect(await client.fetch([releases.second], { pin: releases.pins[1] }, { now })).toMatchObject({ version: "2", how: "full" });
  expect(client.warnings()).toEqual(["trust.freeze", "trust.freeze"]);
});

test("a delta that is gone, or another, is a warning, and the layer comes whole", async () => {
  for (const twist of ["gone", "other"] as const) {
    const client = await releases.client();
    await client.fetch([releases.first]);
    const web = await serveFiles(releases.second, (path, bytes, _request, response) => {
      if (!path.startsWith("deltas/")) return false;
      response.writeHead(twist === "gone" ? 404 : 200).end(twist === "gone" ? "" : Buffer.alloc(bytes?.byteLength ?? 0, "x"));
      return true;
    });
    const fetched = await client.fetch([web.url]);
    expect(fetched).toMatchObject({ version: "2", how: "full", digest: releases.pins[1].digest });
    expect(client.warnings()).toContain(twist === "gone" ? "repository.files-missing" : "trust.wrong-bytes");
    if (twist === "gone") expect(fetched.discarded).toBe(0);
    else expect(fetched.discarded).toBeGreaterThan(0);
    expect(fetched.sources).toEqual([{ source: web.url, bytes: fetched.bytes }]);
  }
});

test("of several mirrors those are named that gave the bytes, and what came for nothing is told apart", async () => {
  const honest = await serveFiles(releases.first);
  const only = await (await releases.client()).fetch([honest.url]);
  expect(only).toMatchObject({ discarded: 0, sources: [{ source: honest.url, bytes: only.bytes }] });
  let given = 0;
  // Its index is right, and its layers are not.
  const liar = await serveFiles(releases.first, (path, bytes, _request, response) => {
    if (!path.startsWith("encoded/")) return false;
    given += bytes?.byteLength ?? 0;
    response.writeHead(200).end(Buffer.alloc(bytes?.byteLength ?? 0, "x"));
    return true;
  });
  const client = await releases.client();
  const fetched = await client.fetch([liar.url, honest.url]);
  expect(fetched).toMatchObject({ source: honest.url, bytes: only.bytes, discarded: given });
  expect(fetched.sources.map(({ source }) => source)).toEqual([honest.url, liar.url]);
  expect(client.events.findLast(({ kind }) => kind === "image.fetched")).toMatchObject({ source: honest.url, sources: fetched.sources, discarded: given });
  expect(await client.fetch([liar.url, honest.url])).toMatchObject({ how: "present", source: liar.url, sources: [], bytes: 0, discarded: 0 });
});

test("a bundle has all that is needed, and where it has not, says so", async () => {
  const file = join(await scratchDirectory(), "images.tar");
  const dependencies = { roots: releases.roots, report: () => undefined, clock: { now: () => NOW } };
  await writeBundle({ file, directory: releases.second, names: [{ name: "small", version: "2" }], channel: "stable" }, dependencies);
  const client = await releases.client();
  await client.fetch([releases.first]);
  // The delta is not in it.
  expect(await client.fetch([file])).toMatchObject({ version: "2", source: file, digest: releases.pins[1].digest });
  const other = await releases.client();
  expect(await other.fetch([file])).toMatchObject({ version: "2", how: "full" });
  await expect(other.fetch([file], { version: "1" })).rejects.toMatchObject({ code: "repository.files-missing" });
  expect(other.warnings()).toEqual([]);
  const bytes = await readFile(file);
  bytes[bytes.byteLength - 200_000]! ^= 1;
  await writeFile(file, bytes);
  const third = await releases.client();
  await expect(third.fetch([file])).rejects.toMatchObject({ code: "trust.wrong-bytes" });
  expect(await third.memory()).toMatchObject({ images: [] });
});
