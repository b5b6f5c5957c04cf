import { join } from "node:path";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { afterAll, beforeAll, expect, test } from "vitest";
import { diffImages } from "../../../../../src/rbuild/lock/diff/diff-images.ts";
import { readSide } from "../../../../../src/rbuild/lock/diff/read-side.ts";
import { openPool } from "../../../../../src/rbuild/pool/open-pool.ts";
import { byteString, tarHeader, writeTar } from "../../../../../src/system/index.ts";
import { openTestHost } from "../../../../support/iso/container-host.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

const cleanUp = new AsyncDisposableStack();
let docker: Docker;
beforeAll(async () => {
  docker = cleanUp.use(await openTestHost()).docker;
});
afterAll(() => cleanUp.disposeAsync());

async function importImage(tag: string, files: Readonly<Record<string, string>>): Promise<void> {
  const entries = Object.entries(files).map(([path, text]) => ({
    ...tarHeader({ path: byteString(path), kind: "file", mode: 0o644, size: Buffer.byteLength(text) }),
    body: [Buffer.from(text)],
  }));
  const stream = await docker.importImage(Readable.from(writeTar(entries)), { repo: "rbuild-test/diff", tag });
  stream.resume();
  await new Promise((resolve, reject) => stream.on("end", resolve).on("error", reject));
}

const stanza = (name: string, version: string) => `Package: ${name}\nStatus: install ok installed\nInstalled-Size: 1\nArchitecture: all\nVersion: ${version}\n`;

test("two images of the engine are compared by what their dpkg says", async () => {
  await importImage("one", { "var/lib/dpkg/status": [stanza("a", "1"), stanza("b", "1")].join("\n") });
  await importImage("two", { "var/lib/dpkg/status": [stanza("a", "1"), stanza("b", "2"), stanza("c", "1")].join("\n") });
  await importImage("none", { "etc/hostname": "x" });
  const side = (text: string) => readSide(text, { imageDirectories: [], containerHost: () => Promise.resolve(docker) });
  const pool = await openPool(join(await scratchDirectory(), "pool"));
  const diff = await diffImages(await side("engine:rbuild-test/diff:one"), await side("rbuild-test/diff:two"), { pool, changelogLines: 5 });
  expect(diff).toMatchObject({
    kind: "different",
    from: { kind: "engine", packages: 2, installedBytes: 2048 },
    packages: [
      { kind: "upgraded", name: "b" },
      { kind: "added", name: "c" },
    ],
    sources: [{ name: "b", changelog: { kind: "missing", why: "not-in-pool" } }],
  });
  expect(await docker.listContainers({ all: true })).toEqual([]);
  await expect(side("engine:rbuild-test/diff:none")).rejects.toMatchObject({ code: "diff.no-packages" });
  await expect(side("rbuild-test/absent:1")).rejects.toMatchObject({ code: "diff.unknown-image" });
});
