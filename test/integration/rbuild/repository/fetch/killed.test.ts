import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveFiles } from "../../../../support/repository/fetch-lab.ts";
import { type TwoReleases, twoReleases } from "../../../../support/repository/two-releases.ts";
import { NOW } from "../../../../support/trust/test-keys.ts";

const program = new URL("../../../../fixtures/programs/fetch-image.ts", import.meta.url).pathname;
let releases: TwoReleases;
beforeAll(async () => void (releases = await twoReleases()), 60_000);
afterAll(() => releases[Symbol.asyncDispose]());

/** Of a layer: slow enough to be killed meanwhile. */
const CHUNK = 20_000;
const PAUSE = 10;

function start(state: string, from: string): ChildProcess {
  const { socketPath } = releases.docker.modem as unknown as { readonly socketPath: string };
  const facts = { socketPath, state, keys: releases.lab.keys, from, now: NOW.toISOString() };
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, JSON.stringify(facts)], { stdio: ["ignore", "ignore", "inherit"] });
}

const parts = (state: string) => {
  const directory = join(state, "fetch/files/tmp");
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(".part") && statSync(join(directory, name)).size > CHUNK * 3) : [];
};
/** Manifest, config, two layers. */
const filesIn = (state: string) => {
  const directory = join(state, "fetch/files/sha256");
  return existsSync(directory) ? readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length : 0;
};
const MOMENTS: readonly [string, (state: string) => boolean][] = [
  ["while it starts", () => true],
  ["when it remembers", (state) => existsSync(join(state, "trust"))],
  ["when it begins to fetch", (state) => existsSync(join(state, "fetch/work"))],
  ["while a layer comes", (state) => parts(state).length > 0],
  ["when its files are there", (state) => filesIn(state) >= 4],
];

test.each(MOMENTS)("killed %s, nothing is used of it, and the next fetch goes on", async (when, isReached) => {
  const client = await releases.client();
  const web = await serveFiles(releases.second, (path, bytes, request, response) => {
    if (!path.startsWith("encoded/") || !bytes || request.headers.range) return false;
    void slowly(bytes, response);
    return true;
  });
  const child = start(client.state, web.url);
  const ended = once(child, "exit");
  while (child.exitCode === null && !isReached(client.state)) await sleep(1);
  child.kill("SIGKILL");
  await ended;
  expect(child.signalCode).toBe("SIGKILL");
  const { images } = (await client.memory()) as { images: unknown[] };
  // The engine takes an image all at once, and may have it already.
  if (when !== "when its files are there") expect(images).toEqual([]);
  web.asked.length = 0;
  expect(await client.fetch([web.url])).toMatchObject({ version: "2", digest: releases.pins[1].digest });
  if (when === "while a layer comes") expect(web.asked.some(({ headers }) => headers.range !== undefined)).toBe(true);
  expect(await readdir(join(client.state, "fetch/files/tmp"))).toEqual([]);
  expect(await readdir(join(client.state, "fetch"))).not.toContain("work");
});

async function slowly(bytes: Buffer, response: import("node:http").ServerResponse): Promise<void> {
  response.writeHead(200, { "content-length": bytes.byteLength, etag: '"one"' });
  for (let at = 0; at < bytes.byteLength && !response.destroyed; at += CHUNK) {
    response.write(bytes.subarray(at, at + CHUNK));
    await sleep(PAUSE);
  }
  response.end();
}
