import { cp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildImage } from "../../../src/rbuild/images/build-image.ts";
import { lockImage } from "../../../src/rbuild/lock/lock-image.ts";
import { poolDirectory } from "../../../src/rbuild/pool/open-pool.ts";
import { vendorImages } from "../../../src/rbuild/pool/vendor-images.ts";
import { sweepFullDisk } from "../../support/faults/full-disk.ts";
import { expectLock, expectSound, openLockedTree } from "../../support/faults/tree-works.ts";
import { openImageLab } from "../../support/images/image-lab.ts";

const TIMEOUT = 3600_000;
let tree: Awaited<ReturnType<typeof openLockedTree>>;
beforeAll(async () => void (tree = await openLockedTree()));
afterAll(() => tree[Symbol.asyncDispose]());

const on = (disk: string) => ({ imageDirectories: [join(disk, "images")], stateDirectory: join(disk, "state"), report: () => undefined });

test("image lock: the lock of before or the new one, with all it keeps", { timeout: TIMEOUT }, async () => {
  const failures = await sweepFullDisk({
    prepare: (disk) => cp(tree.directory, disk, { recursive: true }),
    act: (disk) => lockImage({ name: "one", refresh: true }, on(disk)),
    verify: (disk, isDone) => expectLock(join(disk, "images/one"), isDone),
    growth: 30,
    // APT's cache has thousands of pages.
    step: 200,
  });
  expect(failures).toBeGreaterThan(3);
});

test("image vendor: whole packages, each where its hash says", { timeout: TIMEOUT }, async () => {
  const failures = await sweepFullDisk({
    prepare: (disk) => cp(join(tree.directory, "images"), join(disk, "images"), { recursive: true }),
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
