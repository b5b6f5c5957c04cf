import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildExample, copyExample, type ExampleTree, sha256 } from "../../support/example-tree.ts";
import { openTestTree } from "../../support/iso/git-tree.ts";
import { jsonLines, rbuild } from "../../support/rbuild-command.ts";
import { counterValues, NO_CONNECTION, withoutNetwork } from "../../support/without-network.ts";

let tree: ExampleTree;

beforeAll(async () => {
  tree = await copyExample("tiny");
  const vendored = await rbuild(["-C", tree.directory, "lock", "--vendor"]);
  expect(vendored.exitCode, vendored.stderr).toBe(0);
  const images = await rbuild(["-C", tree.directory, "image", "build", "builder", "apt-cacher-ng"]);
  expect(images.exitCode, images.stderr).toBe(0);
});

afterAll(async () => {
  await tree[Symbol.asyncDispose]();
});

test("locking and building the images a second time needs no network either", async () => {
  const counters = join(dirname(tree.output), "snmp-images");
  const prefix = withoutNetwork(counters);
  for (const words of [
    ["image", "lock", "base", "builder", "apt-cacher-ng"],
    ["lock", "--check"],
    ["image", "build", "--force", "base"],
  ]) {
    const run = await rbuild(["-C", tree.directory, ...words], { prefix });
    expect(run.exitCode, run.stderr).toBe(0);
    expect(counterValues(await readFile(counters, "utf8"))).toMatchObject(NO_CONNECTION);
  }
});

test("with everything vendored the ISO is built without network, and no connection is tried", async () => {
  const counters = join(dirname(tree.output), "snmp");
  await buildExample(tree, { wrapper: withoutNetwork(counters) });
  const written = await readFile(join(import.meta.dirname, "tiny.iso.sha256"), "utf8");
  expect(`${await sha256(join(tree.output, "tiny.iso"))}  tiny.iso\n`).toBe(written);
  expect(counterValues(await readFile(counters, "utf8"))).toMatchObject(NO_CONNECTION);
  const manifest = JSON.parse(await readFile(join(tree.output, "rbuild-manifest.json"), "utf8")) as Readonly<Record<string, unknown>>;
  expect(manifest).toMatchObject({ publishable: true, lock: { locked: true, digest: expect.stringMatching(/^sha256:/) } });
});

test("a package that the lock does not have stops the build, which names it", async () => {
  await using other = await copyExample("tiny", "without-a-package");
  const path = join(other.directory, "rbuild.lock.json");
  const lines = (await readFile(path, "utf8")).split("\n");
  await writeFile(path, lines.filter((line) => !line.includes('{"name":"busybox-static"')).join("\n"));
  await openTestTree(other.directory).commit("a package less");
  const run = await rbuild(["-C", other.directory, "iso", "--json", "--output", other.output]);
  expect(run.exitCode).toBe(3);
  expect(jsonLines(run.stdout).at(-1)).toMatchObject({
    code: "lock.package-missing",
    details: { paths: [expect.stringMatching(/^debian\/pool\/main\/b\/busybox\/busybox-static_/)], logPath: expect.any(String) },
  });
});

test("recording the lock again finds the same packages", async () => {
  const run = await rbuild(["-C", tree.directory, "lock", "--json"]);
  expect(run.exitCode, run.stdout.slice(-2000)).toBe(0);
  expect(jsonLines(run.stdout).at(-1)).toMatchObject({ data: { changed: false, changes: 0 } });
});
