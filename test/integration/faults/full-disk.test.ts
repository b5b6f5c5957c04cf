import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeBundle } from "../../../src/rbuild/repository/bundle/write-bundle.ts";
import { applyDelta, makeDelta } from "../../../src/rbuild/repository/delta/delta.ts";
import { openDirectorySource, openTrustStore, updateTrust } from "../../../src/rbuild/trust/index.ts";
import { makeTempDirectory } from "../../../src/system/index.ts";
import { isSameFile, randomBlob } from "../../support/delta/layer-files.ts";
import { sweepFullDisk } from "../../support/faults/full-disk.ts";
import { smallImage } from "../../support/faults/small-image.ts";
import { type TwoReleases, twoReleases } from "../../support/repository/two-releases.ts";
import { scratchDirectory } from "../../support/scratch.ts";
import { openTestStore } from "../../support/store.ts";
import { once } from "../../support/tar-entries.ts";
import { NOW } from "../../support/trust/test-keys.ts";

const TIMEOUT = 3600_000;
const clock = { now: () => NOW };
let releases: TwoReleases;
beforeAll(async () => void (releases = await twoReleases()), 60_000);
afterAll(() => releases[Symbol.asyncDispose]());

test("docker load, and unpacking", { timeout: TIMEOUT }, async () => {
  const image = await smallImage();
  const failures = await sweepFullDisk({
    prepare: async (disk) => void (await openTestStore(disk)),
    act: async (disk) => {
      const { images } = await openTestStore(disk);
      const [loaded] = await images.load(once(image));
      await images.unpack(loaded!);
    },
    verify: async (disk, isDone) => {
      const { images, snapshots } = await openTestStore(disk);
      const [loaded, ...others] = await images.list();
      expect(others).toEqual([]);
      if (isDone || loaded) expect(await images.validate(loaded!)).toEqual([]);
      if (isDone) expect(await snapshots.list()).toHaveLength(1);
      expect(await readdir(join(disk, "ingest"))).toEqual([]);
    },
  });
  expect(failures).toBeGreaterThan(5);
});

test("a bundle", { timeout: TIMEOUT }, async () => {
  const bundle = (path: string, directory: string) =>
    writeBundle({ file: path, directory, names: [{ name: "small" }], channel: "stable" }, { roots: releases.roots, report: () => undefined, clock });
  const reference = await scratchDirectory();
  await bundle(join(reference, "old.tar"), releases.first);
  await bundle(join(reference, "new.tar"), releases.second);
  const [old, wanted] = [await readFile(join(reference, "old.tar")), await readFile(join(reference, "new.tar"))];
  const failures = await sweepFullDisk({
    prepare: (disk) => writeFile(join(disk, "images.tar"), old),
    act: (disk) => bundle(join(disk, "images.tar"), releases.second),
    verify: async (disk, isDone) => {
      expect(await readdir(disk)).toEqual(["images.tar"]);
      expect((await readFile(join(disk, "images.tar"))).equals(isDone ? wanted : old)).toBe(true);
    },
  });
  expect(failures).toBeGreaterThan(3);
});

test("a delta, made and undone", { timeout: TIMEOUT }, async () => {
  const directory = await scratchDirectory();
  const [from, to] = [await randomBlob(join(directory, "from"), 60_000), await randomBlob(join(directory, "to"), 60_000)];
  const honest = await makeDelta({ from, to, output: join(directory, "delta") }, { level: 1 });
  const isThere = async (disk: string, name: string, expected: string, isDone: boolean) => {
    const names = await readdir(disk);
    expect(names.filter((each) => each !== name)).toEqual([]);
    if (isDone || names.length > 0) expect(await isSameFile(join(disk, name), expected)).toBe(true);
  };
  const made = await sweepFullDisk({
    prepare: async () => undefined,
    act: (disk) => makeDelta({ from, to, output: join(disk, "delta") }, { level: 1 }),
    verify: (disk, isDone) => isThere(disk, "delta", honest.path, isDone),
  });
  const undone = await sweepFullDisk({
    prepare: async () => undefined,
    act: (disk) => applyDelta({ from, delta: honest, expected: to, output: join(disk, "blob") }),
    verify: (disk, isDone) => isThere(disk, "blob", to.path, isDone),
  });
  expect(Math.min(made, undone)).toBeGreaterThan(3);
});

test("a fetch: the state of a client", { timeout: TIMEOUT }, async () => {
  const failures = await sweepFullDisk({
    prepare: async () => undefined,
    act: async (disk) => (await releases.client(disk)).fetch([releases.second]),
    verify: async (disk, isDone) => {
      const images = await releases.docker.listImages();
      if (isDone) expect(images.flatMap(({ RepoTags }) => RepoTags ?? [])).not.toEqual([]);
      else expect(images).toEqual([]);
      await using store = await openTrustStore(disk, releases.roots[0]!.digest);
      const verdict = await updateTrust({ checkout: releases.roots.slice(0, 1), repository: openDirectorySource(releases.second), store, clock });
      expect(verdict.kind).toBe("current");
    },
    growth: 30,
  });
  expect(failures).toBeGreaterThan(3);
});

// The test of the command has one such moment.
test.each(process.env["RBUILD_TEST_FULL"] === "1" ? ["a publication"] : [])("%s", { timeout: TIMEOUT }, async () => {
  const { lab, first } = releases;
  const stateOf = async (directory: string) => {
    await using memory = await makeTempDirectory("/var/tmp", "rbuild-test-");
    await using store = await openTrustStore(memory.path, releases.roots[0]!.digest);
    const verdict = await updateTrust({ checkout: releases.roots.slice(0, 1), repository: openDirectorySource(directory), store, clock });
    if (verdict.kind !== "current") throw new Error(JSON.stringify(verdict));
    return verdict.index.version;
  };
  const failures = await sweepFullDisk({
    prepare: async (disk) => {
      await cp(first, join(disk, "images"), { recursive: true });
      await mkdir(join(disk, "state"));
    },
    act: (disk) => lab.publish({ directory: join(disk, "images") }, { stateDirectory: join(disk, "state") }),
    // The number of a publication that failed late is not used again.
    verify: async (disk, isDone) => expect(isDone ? [2, 3] : [1, 2]).toContain(await stateOf(join(disk, "images"))),
  });
  expect(failures).toBeGreaterThan(3);
});
