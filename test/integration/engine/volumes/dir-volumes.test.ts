import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DirVolumes } from "../../../../src/engine/volumes/dir-volumes.ts";
import { makeTempDirectory } from "../../../../src/system/index.ts";

const scratch = () => makeTempDirectory("/var/tmp", "rbuild-volumes-");
const unused = async () => false;

test("creates a named volume once, whoever asks again gets the same", async () => {
  await using root = await scratch();
  const volumes = new DirVolumes({ root: root.path, isInUse: unused });
  const [first, second] = await Promise.all([volumes.create({ name: "cache", labels: { a: "b" } }), volumes.create({ name: "cache", labels: { a: "c" } })]);
  expect(second).toEqual(first);
  expect(first).toMatchObject({ name: "cache", anonymous: false, mountpoint: join(root.path, "volumes/cache/_data") });
  expect((await stat(first.mountpoint)).mode & 0o7777).toBe(0o755);
  expect(await volumes.list()).toEqual([first]);
});

test("names anonymous volumes itself and keeps files over a new opening", async () => {
  await using root = await scratch();
  const made = await new DirVolumes({ root: root.path, isInUse: unused }).create({});
  expect(made.name).toMatch(/^[0-9a-f]{64}$/);
  await writeFile(join(made.mountpoint, "file"), "x");
  const again = await new DirVolumes({ root: root.path, isInUse: unused }).get(made.name);
  expect(again).toEqual({ ...made, anonymous: true });
  expect(await readdir(again.mountpoint)).toEqual(["file"]);
});

test.each(["..", ".", "a/b", "", "-x", ".hidden", "x".repeat(256), "a\n"])("refuses the name %j", async (name) => {
  await using root = await scratch();
  const volumes = new DirVolumes({ root: root.path, isInUse: unused });
  await expect(volumes.create({ name })).rejects.toMatchObject({ code: "volume.invalid-name" });
  await expect(volumes.remove(name)).rejects.toMatchObject({ code: "volume.not-found" });
});

test("keeps a volume in use and removes it afterwards", async () => {
  await using root = await scratch();
  let inUse = true;
  const volumes = new DirVolumes({ root: root.path, isInUse: async () => inUse });
  await volumes.create({ name: "data" });
  await expect(volumes.remove("data", { force: true })).rejects.toMatchObject({ code: "volume.in-use" });
  inUse = false;
  await volumes.remove("data");
  await expect(volumes.get("data")).rejects.toMatchObject({ code: "volume.not-found" });
  await volumes.remove("data", { force: true });
  expect(await readdir(join(root.path, "volumes"))).toEqual([]);
});

test("sweeps what a killed process left half-made", async () => {
  await using root = await scratch();
  await mkdir(join(root.path, "volumes/.unfinished-1/_data"), { recursive: true });
  const volumes = new DirVolumes({ root: root.path, isInUse: unused });
  expect(await volumes.list()).toEqual([]);
  await volumes.sweep();
  expect(await readdir(join(root.path, "volumes"))).toEqual([]);
});
