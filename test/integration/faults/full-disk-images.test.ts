import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestOf } from "../../../src/oci/index.ts";
import { buildImage } from "../../../src/rbuild/images/build-image.ts";
import { readKept } from "../../../src/rbuild/lock/kept-files.ts";
import { lockImage } from "../../../src/rbuild/lock/lock-image.ts";
import { readLock } from "../../../src/rbuild/lock/read-lock.ts";
import { poolDirectory } from "../../../src/rbuild/pool/open-pool.ts";
import { listPool } from "../../../src/rbuild/pool/prune-pool.ts";
import { vendorImages } from "../../../src/rbuild/pool/vendor-images.ts";
import { sweepFullDisk } from "../../support/faults/full-disk.ts";
import { openImageLab } from "../../support/images/image-lab.ts";
import { type LockLab, openLockLab } from "../../support/lock-lab.ts";

const TIMEOUT = 3600_000;
const DATE = 1_767_225_600;
const packages = (version: string) => [
  { name: "core", version, files: { "/usr/share/core": "x".repeat(30_000) } },
  { name: "more", version: "1" },
];
let lab: LockLab;
let before: string;
beforeAll(async () => {
  lab = await openLockLab({ packages: packages("1"), date: DATE });
  before = await mkdtemp("/var/tmp/rbuild-test-");
  const directory = await lab.define("one", { packages: ["core", "more"], architectures: ["amd64"] });
  await lab.lock("one");
  await cp(join(directory, "../.."), before, { recursive: true });
  await lab.archive.publish({ packages: packages("2"), date: DATE + 60 });
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await rm(before, { recursive: true, force: true });
});

const on = (disk: string) => ({ imageDirectories: [join(disk, "images")], stateDirectory: join(disk, "state"), report: () => undefined });

/** Every file of a pool is what its name says. */
async function expectSound(directory: string, count?: number): Promise<void> {
  const files = await listPool(directory);
  const whole = files.filter(({ sha256 }) => sha256 !== undefined);
  for (const { path, sha256 } of whole) expect(digestOf(await readFile(path))).toBe(sha256);
  if (count !== undefined) expect(whole).toHaveLength(count);
}

test("image lock: the lock of before or the new one, with all it keeps", { timeout: TIMEOUT }, async () => {
  const names = (await readdir(join(before, "images/one"), { recursive: true })).length;
  const failures = await sweepFullDisk({
    prepare: (disk) => cp(before, disk, { recursive: true }),
    act: (disk) => lockImage({ name: "one", refresh: true }, on(disk)),
    async verify(disk, isDone) {
      const directory = join(disk, "images/one");
      const lock = (await readLock(directory))!;
      const versions = lock.architectures.amd64!.packages.map(({ version }) => version).toSorted();
      expect(
        isDone
          ? [["1", "2"]]
          : [
              ["1", "1"],
              ["1", "2"],
            ],
      ).toContainEqual(versions);
      expect(lock.archives).toHaveLength(1);
      for (const archive of lock.archives) await readKept(directory, archive);
      if (isDone) expect(await readdir(directory, { recursive: true })).toHaveLength(names);
    },
    growth: 30,
  });
  expect(failures).toBeGreaterThan(3);
});

test("image vendor: whole packages, each where its hash says", { timeout: TIMEOUT }, async () => {
  const failures = await sweepFullDisk({
    prepare: (disk) => cp(join(before, "images"), join(disk, "images"), { recursive: true }),
    act: (disk) => vendorImages({ names: ["one"], sources: {} }, on(disk)),
    verify: (disk, isDone) => expectSound(poolDirectory(join(disk, "state")), isDone ? 2 : undefined),
    growth: 30,
  });
  expect(failures).toBeGreaterThan(3);
});

test("image build: what it remembers, and works in, is of whole images", { timeout: TIMEOUT }, async () => {
  await using images = await openImageLab();
  await images.define("small", {}, { packages: [{ name: "small", version: "1", files: { "/usr/share/small": "x".repeat(30_000) } }] });
  const { digest } = await images.build("small");
  const failures = await sweepFullDisk({
    async prepare(disk) {
      await cp(poolDirectory(images.dependencies.stateDirectory), poolDirectory(join(disk, "state")), { recursive: true });
      for (const { Id } of await images.docker.listImages()) await images.docker.getImage(Id).remove({ force: true });
    },
    act: (disk) => buildImage({ name: "small", offline: true }, { ...images.dependencies, stateDirectory: join(disk, "state") }),
    async verify(disk, isDone) {
      const state = join(disk, "state");
      await expectSound(poolDirectory(state), 1);
      for (const name of await readdir(join(state, "images/built")).catch(() => []))
        expect(JSON.parse(await readFile(join(state, "images/built", name), "utf8"))).toMatchObject({ built: { digest } });
      if (isDone) expect((await buildImage({ name: "small", offline: true }, { ...images.dependencies, stateDirectory: state })).digest).toBe(digest);
    },
    growth: 30,
  });
  expect(failures).toBeGreaterThan(3);
});
