import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { digestOf } from "../../../src/oci/index.ts";
import { createCapsule } from "../../../src/rbuild/capsule/create-capsule.ts";
import { lockImage } from "../../../src/rbuild/lock/lock-image.ts";
import { openTestArchive } from "../../support/apt-archive/index.ts";
import { smallInstallation } from "../../support/capsule-installation.ts";
import { sweepFullDisk } from "../../support/faults/full-disk.ts";
import { openTestTree } from "../../support/iso/git-tree.ts";
import { scratchDirectory } from "../../support/scratch.ts";
import { writeSmallDefinition } from "../../support/small-builder.ts";

test("capsule create: the capsule is there whole, or not at all", { timeout: 3600_000 }, async () => {
  const scratch = await scratchDirectory();
  const archive = await openTestArchive();
  onTestFinished(() => archive[Symbol.asyncDispose]());
  await archive.publish({ packages: [{ name: "small-builder", version: "1", files: { "/usr/share/small": "x".repeat(30_000) } }] });
  const tree = openTestTree(join(scratch, "tree"));
  await mkdir(tree.directory);
  await tree.git("init", "--quiet", "--initial-branch=main");
  const images = join(tree.directory, "images");
  const pin = { name: "small", version: "1", architecture: "amd64", digest: digestOf("a"), imageId: digestOf("b") };
  await tree.write({ ...(await writeSmallDefinition(images, archive)), "rbuild.yaml": "builder: small\nnetwork: none\n" });
  const on = (place: string) => ({
    imageDirectories: [images],
    stateDirectory: join(place, "state"),
    report: () => undefined,
    programDirectory: join(scratch, "program"),
  });
  await smallInstallation(join(scratch, "program"));
  await lockImage({ name: "small" }, on(scratch));
  await tree.write({ "images/small/image.pin.json": JSON.stringify(pin) });
  await tree.commit();
  const create = (place: string) => createCapsule({ file: join(place, "small.tar"), directory: tree.directory, sources: {} }, on(place));
  const { digest } = await create(scratch);

  const failures = await sweepFullDisk({
    prepare: (disk) => cp(join(scratch, "state/pool"), join(disk, "state/pool"), { recursive: true }),
    act: create,
    async verify(disk, isDone) {
      const names = await readdir(disk);
      expect(names.toSorted()).toEqual(isDone ? ["small.tar", "state"] : ["state"]);
      if (isDone) expect(digestOf(await readFile(join(disk, "small.tar")))).toBe(digest);
      expect(await readdir(join(disk, "state"))).toEqual(["pool"]);
    },
    growth: 30,
  });
  expect(failures).toBeGreaterThan(3);
});
