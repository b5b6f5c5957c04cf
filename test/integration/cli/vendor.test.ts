import { cp, mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { wantedOfTree } from "../../../src/rbuild/iso/locked/read-tree-lock.ts";
import { listPool } from "../../../src/rbuild/pool/prune-pool.ts";
import type { TestPackage } from "../../support/apt-archive/index.ts";
import { type LockLab, openLockLab } from "../../support/lock-lab.ts";
import { jsonLines, rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";

const PACKAGES: readonly TestPackage[] = [
  { name: "core", version: "1", essential: true, files: { "/usr/share/core": "x".repeat(5000) } },
  { name: "app", version: "1", depends: "core" },
  { name: "extra", version: "1" },
];
let lab: LockLab;
let tree: string;

beforeAll(async () => {
  lab = await openLockLab({ packages: PACKAGES });
  tree = dirname(lab.imageDirectories[0] ?? "");
  await lab.define("small", { packages: ["core"], architectures: ["amd64"] });
  await lab.define("large", { from: "small", packages: ["app"], offers: ["extra"], architectures: ["amd64"], dockerfile: "Dockerfile" });
  await lab.lock("small");
  await lab.lock("large");
});
afterAll(() => lab[Symbol.asyncDispose]());

/** rbuild with a state of its own. A Docker API that nobody serves stands for an engine that has no image. */
async function openState() {
  const root = await scratchDirectory();
  const run = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await rbuild(["-C", tree, "--engine-root", root, "--host", "unix:///nonexistent.sock", "--json", ...args]);
    const last = jsonLines(stdout).at(-1);
    return { exitCode, data: last?.["data"] as Readonly<Record<string, unknown>>, last, text: stdout + stderr };
  };
  return { root, pool: join(root, "state", "pool"), run };
}

it("says exactly what is missing without network, and vendoring brings exactly that", async () => {
  const { run, pool } = await openState();
  const before = await run("doctor", "--offline", "small", "large");
  expect(before.exitCode).toBe(6);
  expect(before.data).toMatchObject({
    isAble: false,
    packages: 3,
    fixes: ["rbuild image vendor small large"],
    images: [
      { kind: "missing", name: "small", items: [{ path: "pool/main/c/core/core_1_all.deb" }] },
      { kind: "missing", name: "large" },
    ],
  });
  const missing = (before.data["images"] as { items: { path: string; size: number; sha256: string }[] }[]).at(1)?.items ?? [];
  expect(new Set(missing.map(({ path }) => path.split("/").at(-1)))).toEqual(new Set(["core_1_all.deb", "app_1_all.deb", "extra_1_all.deb"]));

  const vendored = await run("image", "vendor", "large");
  expect(vendored.last).toMatchObject({ kind: "result", exitCode: 0 });
  expect(vendored.data).toMatchObject({ directory: pool, images: ["small", "large"], present: 0, fetched: 3, bytes: before.data["bytes"] });
  expect((await listPool(pool)).map(({ sha256, size }) => ({ sha256, size })).toSorted((a, b) => a.size - b.size)).toEqual(
    missing.map(({ sha256, size }) => ({ sha256, size })).toSorted((a, b) => a.size - b.size),
  );

  const after = await run("doctor", "--offline", "small", "large");
  expect(after).toMatchObject({
    exitCode: 0,
    data: {
      isAble: true,
      packages: 0,
      images: [
        { kind: "buildable", packages: 1 },
        { kind: "buildable", packages: 3 },
      ],
    },
  });
});

it("makes a pool that another machine takes its packages from, offline too", async () => {
  const [here, there] = [await openState(), await openState()];
  const stick = join(await scratchDirectory(), "stick");
  expect(await here.run("image", "vendor", "large", "--to", stick)).toMatchObject({ exitCode: 0, data: { directory: stick, fetched: 3 } });
  expect(await readdir(stick)).toEqual(["sha256"]);
  const asked = lab.archive.requests.length;
  const without = await there.run("image", "vendor", "large", "--offline");
  expect(without).toMatchObject({ exitCode: 6, last: { kind: "error", code: "pool.missing", details: { count: 3 } } });
  expect(await there.run("image", "vendor", "large", "--offline", "--pool", stick)).toMatchObject({ exitCode: 0, data: { fetched: 3 } });
  expect(lab.archive.requests.length).toBe(asked);
  await cp(stick, join(tree, "pool"), { recursive: true });
  const other = await openState();
  expect(await other.run("doctor", "--offline", "large")).toMatchObject({ exitCode: 0, data: { images: [{ kind: "buildable", packages: 3 }] } });
  expect(await other.run("image", "vendor", "large", "--offline")).toMatchObject({ exitCode: 0, data: { fetched: 3 } });
  await rm(join(tree, "pool"), { recursive: true });
});

it("names each place when a package has vanished from all", async () => {
  const { run } = await openState();
  const deb = join(lab.archive.directory, "pool/main/a/app/app_1_all.deb");
  const bytes = await readFile(deb);
  await rm(deb);
  const { last } = await run("image", "vendor", "large", "--pool", "/nonexistent", "--archive", `${lab.archive.url}/old/{timestamp}/{path}`);
  expect(last).toMatchObject({ exitCode: 6, code: "pool.not-obtainable", message: expect.stringContaining("it answers 404") });
  await writeFile(deb, bytes.toReversed());
  const wrong = await run("image", "vendor", "large");
  expect(wrong.last).toMatchObject({ exitCode: 5, code: "pool.wrong-bytes" });
  expect(wrong.text).toContain('"kind":"warning.raised","code":"pool.wrong-bytes"');
  await writeFile(deb, bytes);
  expect(await run("image", "vendor", "large")).toMatchObject({ exitCode: 0, data: { present: 2, fetched: 1 } });
});

it("an image without a lock that fits is said to need one", async () => {
  const { run } = await openState();
  await lab.define("unlocked", { packages: ["core"], architectures: ["amd64"] });
  const { exitCode, data } = await run("doctor", "--offline", "unlocked");
  expect(exitCode).toBe(6);
  expect(data).toMatchObject({ images: [{ kind: "unlocked", name: "unlocked", code: "lock.missing", fix: "rbuild image lock unlocked" }] });
  await rm(join(tree, "images/unlocked"), { recursive: true });
});

it("one definition that is not right is said beside what the others lack", async () => {
  const { run } = await openState();
  await mkdir(join(tree, "images/broken"));
  onTestFinished(() => rm(join(tree, "images/broken"), { recursive: true }));
  await writeFile(join(tree, "images/broken/image.yaml"), "name: broken\nversion: 1\n");
  await lab.define("on-broken", { from: "broken", packages: ["app"], architectures: ["amd64"] });
  onTestFinished(() => rm(join(tree, "images/on-broken"), { recursive: true }));
  await run("image", "vendor", "small");
  const some = await run("doctor", "--offline", "small", "broken", "on-broken");
  expect(some).toMatchObject({ exitCode: 2, data: { isAble: false, packages: 0 } });
  expect(some.data["images"]).toMatchObject([
    { name: "small", kind: "buildable" },
    { name: "on-broken", kind: "broken", code: "definition.invalid" },
    { name: "broken", kind: "broken", code: "definition.invalid" },
  ]);
  expect(await run("doctor", "--offline", "large", "broken")).toMatchObject({ exitCode: 6 });
  const all = await run("explain");
  expect(all).toMatchObject({ exitCode: 2, data: { broken: [{ name: "broken" }, { name: "on-broken", code: "definition.invalid" }] } });
  expect(all.data["images"]).toContainEqual(expect.objectContaining({ name: "large" }));
});

it("counts what the tree's own lock has when no image is named", async () => {
  const { run } = await openState();
  const suites = [{ suite: "test", archive: "test", components: ["main"], url: lab.archive.url, keyring: "archive.gpg" }];
  await writeFile(join(tree, "rbuild.yaml"), JSON.stringify({ builder: "large", lock: { suites } }));
  await cp(lab.archive.keyring, join(tree, "archive.gpg"));
  onTestFinished(() => rm(join(tree, "rbuild.yaml")));
  expect(await run("doctor", "--offline")).toMatchObject({ exitCode: 6, data: { tree: { kind: "unlocked", code: "lock.absent", fix: "rbuild lock" } } });

  const { lock } = await lab.lock("small");
  const packages = lock.architectures.amd64?.packages ?? [];
  const treeLock = { lockVersion: 1, lockedAt: 1, wanted: await wantedOfTree(tree, { suites }), archives: lock.archives, packages } as const;
  await writeFile(join(tree, "rbuild.lock.json"), JSON.stringify(treeLock));
  onTestFinished(() => rm(join(tree, "rbuild.lock.json")));
  await run("image", "vendor");
  const { exitCode, data } = await run("doctor", "--offline");
  // The packages are in the pool; the indexes that a tree's build asks for are not.
  expect({ exitCode, data }).toMatchObject({ exitCode: 6, data: { tree: { kind: "missing" }, fixes: ["rbuild lock --vendor"] } });
  expect(await run("lock", "--vendor")).toMatchObject({ exitCode: 0 });
  expect(await run("doctor", "--offline")).toMatchObject({ exitCode: 0, data: { isAble: true, fixes: [], tree: { kind: "buildable" } } });
});

it("prunes what no lock names, but nothing that is new", async () => {
  const { run, pool } = await openState();
  await run("image", "vendor", "large");
  const files = await listPool(pool);
  expect(files).toHaveLength(3);
  const stray = join(pool, "sha256", "00", "0".repeat(64));
  await cp(files[0]?.path ?? "", stray);
  expect(await run("cache", "prune")).toMatchObject({ data: { files: 0, kept: 4 } });
  const old = new Date(Date.now() - 7200_000);
  for (const path of [stray, ...files.map((file) => file.path)]) await utimes(path, old, old);
  expect(await run("cache", "prune", "--dry-run")).toMatchObject({ data: { files: 1, kept: 3 } });
  expect(await run("cache", "prune")).toMatchObject({ data: { files: 1, bytes: files[0]?.size, kept: 3 } });
  expect(await listPool(pool)).toEqual(files.map((file) => ({ ...file, changed: old.getTime() })));
  const { data } = await run("cache", "list");
  expect(data).toMatchObject([{ what: "packages", files: 3 }, { what: "parts", files: 0 }, { what: "indexes" }]);
});

it("names belong to --offline", async () => {
  const { exitCode, last } = await (await openState()).run("doctor", "small");
  expect({ exitCode, code: last?.["code"] }).toEqual({ exitCode: 2, code: "cli.unexpected-words" });
});
