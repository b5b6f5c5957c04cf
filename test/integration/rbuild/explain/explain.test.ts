import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Explanation } from "../../../../src/rbuild/index.ts";
import { openTestArchive, type TestArchive } from "../../../support/apt-archive/index.ts";
import { openTestTree, type TestTree } from "../../../support/iso/git-tree.ts";
import { jsonLines, rbuild } from "../../../support/rbuild-command.ts";
import { writeSmallDefinition } from "../../../support/small-builder.ts";

let work: string;
let tree: TestTree;
let archive: TestArchive;
const command = (...args: string[]) =>
  rbuild(["--json", "--engine-root", join(work, "engine"), "--run-root", join(work, "run"), ...args], { cwd: tree.directory });

async function done(...args: string[]): Promise<unknown> {
  const { exitCode, stdout, stderr } = await command(...args);
  expect(exitCode, `${args.join(" ")}\n${stderr}\n${stdout.slice(-1500)}`).toBe(0);
  return jsonLines(stdout).at(-1)?.["data"];
}

async function explained(...names: string[]) {
  const { images, tree: own } = (await done("explain", ...names)) as Explanation;
  return { small: images.find(({ name }) => name === "small")!, own };
}

const define = async (fields: Readonly<Record<string, unknown>> = {}) =>
  tree.write(await writeSmallDefinition(join(tree.directory, "images"), archive, fields));
const publish = (version: string) =>
  archive.publish({
    packages: [
      { name: "small-builder", version, files: { "/usr/share/version": version } },
      { name: "more", version: "1", files: { "/usr/share/more": "" } },
    ],
  });

beforeAll(async () => {
  work = await mkdtemp("/var/tmp/rbuild-explain-");
  archive = await openTestArchive();
  await publish("1");
  tree = openTestTree(join(work, "tree"));
  await mkdir(tree.directory);
  await tree.git("init", "--quiet", "--initial-branch=main");
  await define();
});
afterAll(async () => {
  await archive[Symbol.asyncDispose]();
  await rm(work, { recursive: true, force: true });
});

test("an image without a lock is refused, with a lock it is built, once built it is used", async () => {
  expect((await explained("small")).small).toMatchObject({
    lock: { code: "lock.missing" },
    build: { kind: "refused", code: "lock.missing" },
    engine: { kind: "absent" },
  });
  await done("image", "lock", "small");
  expect((await explained("small")).small).toMatchObject({
    lock: { kind: "current" },
    pool: { packages: 1, missing: 1 },
    build: { kind: "built", reason: "the engine does not have it" },
    use: { kind: "refused", code: "image.unpinned" },
  });
  await done("image", "pin", "small");
  expect((await explained("small")).small).toMatchObject({
    pool: { missing: 0 },
    engine: { kind: "same-inputs" },
    pin: { kind: "exact" },
    build: { kind: "used" },
    use: { kind: "used" },
  });
});

test("the first input that differs is named: a field, a package, a file", async () => {
  await tree.commit();
  await define({ environment: { NEW: "1" } });
  const { small } = await explained("small");
  expect(small.engine).toMatchObject({ kind: "other-inputs", differences: [{ field: "definition.environment", is: { NEW: "1" } }] });
  expect(small.build).toMatchObject({ kind: "built", reason: expect.stringContaining(": environment was absent") });
  // Whoever needs the pinned image has it.
  expect(small.use).toEqual({ kind: "used" });

  await define({ packages: ["more", "small-builder"] });
  expect((await explained("small")).small).toMatchObject({
    lock: { code: "lock.stale", field: "packages.more" },
    engine: { kind: "present" },
    build: { code: "lock.stale" },
  });

  await define();
  await publish("2");
  await done("image", "lock", "small", "--refresh");
  expect((await explained("small")).small.build).toMatchObject({ reason: "the engine's was made from another lock: small-builder was 1 and is 2" });
});

test("of a tree, what rbuild iso would do is said, and why not", async () => {
  await tree.write({ "rbuild.yaml": "builder: small\nnetwork: none\n", Makefile: "iso:\n", ".gitignore": "out/\n" });
  expect((await explained()).own).toMatchObject({ iso: { kind: "refused", code: "iso.tree-dirty" }, lock: { kind: "none-needed" } });
  await tree.git("checkout", "--quiet", "--", "images");
  await tree.commit();
  await tree.git("tag", "v1");
  expect((await explained()).own).toMatchObject({
    tag: "v1",
    isRelease: true,
    changedFiles: [],
    builder: "small",
    iso: { kind: "builds", isPublishable: true },
  });

  await tree.write({ "rbuild.yaml": "builder: small\nlock: {suites: [{suite: test, archive: test, url: http://127.0.0.1:9}]}\n" });
  await tree.commit();
  await tree.git("tag", "--delete", "v1");
  const { own } = await explained();
  expect(own).toMatchObject({ lock: { kind: "open" }, iso: { kind: "builds", isPublishable: false, reasons: [expect.stringContaining("has no lock")] } });
  const below = await rbuild(["--json", "--engine-root", join(work, "engine"), "--run-root", join(work, "run"), "explain"], {
    cwd: join(tree.directory, "images/small"),
  });
  expect(jsonLines(below.stdout).at(-1)).toMatchObject({ data: { tree: { directory: tree.directory, builder: "small" } } });
  const text = await rbuild(["--engine-root", join(work, "engine"), "--run-root", join(work, "run"), "explain"], { cwd: tree.directory });
  expect(text.stdout).toMatch(/^image small 1\n {2}lock: current, 1 package, all in the pool\n/);
  expect(text.stdout).toMatch(/^ {2}rbuild iso: builds, not for publication: .*has no lock$/m);
});

test("without root the engine is left open, and everything else is said", async () => {
  await chmod(work, 0o755);
  const nobody = { cwd: tree.directory, prefix: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] };
  const { exitCode, stdout, stderr } = await rbuild(["--engine-root", join(work, "engine"), "explain"], nobody);
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toContain("the engine was not asked: ");
  expect(stdout).toMatch(/^image small 1\n {2}lock: current, 1 package, all in the pool\n {2}engine: was not asked\n/);
  expect(stdout).toMatch(/^ {2}rbuild iso: takes the pinned image where the engine has it; else builds it from its lock$/m);
  expect(stdout).toMatch(/^ {2}rbuild iso: builds, not for publication: .*has no lock$/m);
});
