import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { give, giveAndBreak } from "../../../../support/pool/web-server.ts";
import { drip, endless, serveFiles, type Twist } from "../../../../support/repository/fetch-lab.ts";
import { type TwoReleases, twoReleases } from "../../../../support/repository/two-releases.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

let releases: TwoReleases;
beforeAll(async () => void (releases = await twoReleases()), 60_000);
afterAll(() => releases[Symbol.asyncDispose]());

/** Twists layers, and is asked for no more than it says. */
const layers =
  (answer: (bytes: Buffer, ...values: Parameters<Twist>) => void): Twist =>
  (...values) => {
    const [path, bytes] = values;
    if (!path.startsWith("encoded/") || !bytes) return false;
    answer(bytes, ...values);
    return true;
  };

const flipped = (bytes: Buffer) => Buffer.from(bytes).fill(bytes[1000]! ^ 1, 1000, 1001);

test.each<[string, string, Twist]>([
  ["other bytes", "trust.wrong-bytes", layers((bytes, _path, _same, request, response) => give(Buffer.alloc(bytes.byteLength), request, response))],
  ["one bit that is flipped", "trust.wrong-bytes", layers((bytes, _path, _same, request, response) => give(flipped(bytes), request, response))],
  ["a short file that says so", "trust.short-file", layers((bytes, _path, _same, request, response) => give(bytes.subarray(0, 100), request, response))],
  [
    "a file that always breaks off",
    "trust.short-file",
    layers((bytes, _path, _same, request, response) =>
      request.headers.range
        ? response.writeHead(206, { "content-range": `bytes ${/\d+/.exec(request.headers.range)?.[0]}-9/${bytes.byteLength}` }).end()
        : response.end(bytes.subarray(0, 1000)),
    ),
  ],
  [
    "a file in whose middle the connection always ends",
    "trust.short-file",
    layers((bytes, _path, _same, _request, response) =>
      response.writeHead(200, { "content-length": bytes.byteLength }).write(bytes.subarray(0, 1000), () => response.socket?.resetAndDestroy()),
    ),
  ],
  ["endless data in chunks", "trust.endless-data", layers((_bytes, _path, _same, _request, response) => void endless(response))],
  [
    "too much, announced",
    "trust.endless-data",
    layers((bytes, _path, _same, _request, response) => response.writeHead(200, { "content-length": bytes.byteLength + 1 }).write(bytes)),
  ],
  ["slow retrieval", "trust.slow-retrieval", layers((bytes, _path, _same, _request, response) => drip(response, bytes))],
  [
    "a redirect to another host",
    "trust.redirect",
    layers((_bytes, path, _same, _request, response) => response.writeHead(302, { location: `http://localhost:1/${path}` }).end()),
  ],
  ["a redirect loop", "trust.redirect", layers((_bytes, path, _same, _request, response) => response.writeHead(302, { location: `/${path}` }).end())],
  [
    "a newline in a header",
    "trust.malformed-answer",
    layers((_bytes, _path, _same, request) => request.socket.end("HTTP/1.1 200 OK\r\nx-a: b\nx-c\u0000: d\r\n\r\n")),
  ],
  [
    "a captive portal's page",
    "trust.captive-portal",
    layers((_bytes, _path, _same, _request, response) => response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<title>Log in</title>")),
  ],
  [
    "a captive portal's word for itself",
    "trust.captive-portal",
    layers((_bytes, _path, _same, _request, response) => response.writeHead(511, { "content-type": "text/html" }).end("<title>Log in</title>")),
  ],
  ["nothing", "repository.files-missing", layers((_bytes, _path, _same, _request, response) => response.writeHead(404).end())],
  ["errors", "repository.files-missing", layers((_bytes, _path, _same, _request, response) => response.writeHead(500).end())],
])("a mirror that gives %s is refused, and is left where there is another", async (_what, code, twist) => {
  const client = await releases.client();
  const web = await serveFiles(releases.second, twist);
  await expect(client.fetch([web.url])).rejects.toMatchObject({ code, category: code.startsWith("trust.") ? "untrusted" : "unavailable" });
  expect(await client.memory()).toMatchObject({ images: [] });
  expect(await readdir(join(client.state, "fetch"))).not.toContain("work");

  const [none, good] = [await serveFiles("/nonexistent"), await serveFiles(releases.second)];
  client.events.length = 0;
  expect(await client.fetch([web.url, none.url, good.url])).toMatchObject({ how: "full", digest: releases.pins[1].digest });
  if (code.startsWith("trust.")) expect(client.warnings()).toContain(code);
});

test("no Content-Length, and chunks of any size, are no attack", async () => {
  const client = await releases.client();
  const web = await serveFiles(
    releases.second,
    layers((bytes, _path, _same, _request, response) => {
      for (let at = 0; at < bytes.byteLength; at += 1777) response.write(bytes.subarray(at, at + 1777));
      response.end();
    }),
  );
  expect(await client.fetch([web.url])).toMatchObject({ how: "full" });
  expect(client.warnings()).toEqual([]);
});

test("a broken transfer is taken up where it broke, unless the file has changed", async () => {
  for (const change of [false, true]) {
    const client = await releases.client();
    const asked = new Map<string, number>();
    const web = await serveFiles(
      releases.second,
      layers((bytes, path, _same, request, response) => {
        const times = (asked.get(path) ?? 0) + 1;
        asked.set(path, times);
        if (times === 1) giveAndBreak(change ? Buffer.alloc(bytes.byteLength, "x") : bytes, Math.floor(bytes.byteLength / 2), response);
        else give(bytes, request, response, change ? '"two"' : '"one"');
      }),
    );
    expect(await client.fetch([web.url])).toMatchObject({ how: "full", digest: releases.pins[1].digest });
    const resumed = web.asked.filter(({ headers }) => headers.range !== undefined);
    expect(resumed.length).toBeGreaterThan(0);
    for (const { headers } of resumed) expect(headers["if-range"]).toBe('"one"');
  }
});

test("a full disk leaves the engine as it was, and what it remembers", async () => {
  const state = join(await scratchDirectory(), "state");
  await mkdir(state);
  await execa("mount", ["-t", "tmpfs", "-o", "size=448k", "tmpfs", state]);
  onTestFinished(async () => void (await execa("umount", ["--lazy", state], { reject: false })));
  const client = await releases.client(state);
  // Metadata fits, the layer's file does not.
  await expect(client.fetch([releases.second])).rejects.toMatchObject({ code: "pool.no-space" });
  const before = await client.memory();
  expect(before).toMatchObject({ images: [] });
  await writeFile(join(state, "ballast"), Buffer.alloc(2 ** 20)).catch(() => undefined);
  await expect(client.fetch([releases.second])).rejects.toMatchObject({ code: "pool.no-space" });
  expect(await client.memory()).toEqual(before);
});
