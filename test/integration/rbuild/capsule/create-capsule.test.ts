import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import { type CreatedCapsule, createCapsule } from "../../../../src/rbuild/capsule/create-capsule.ts";
import { lockImage } from "../../../../src/rbuild/lock/lock-image.ts";
import { openTestArchive } from "../../../support/apt-archive/index.ts";
import { smallInstallation } from "../../../support/capsule-installation.ts";
import { openTestTree } from "../../../support/iso/git-tree.ts";
import { scratchDirectory } from "../../../support/scratch.ts";
import { writeSmallDefinition } from "../../../support/small-builder.ts";

test("a capsule is written of a clean, locked, pinned tree, and of nothing else", async () => {
  const scratch = await scratchDirectory();
  const archive = await openTestArchive();
  onTestFinished(() => archive[Symbol.asyncDispose]());
  await archive.publish({ packages: [{ name: "small-builder", version: "1" }] });
  const tree = openTestTree(join(scratch, "tree"));
  const file = join(tree.directory, "small.tar");
  await mkdir(tree.directory);
  await tree.git("init", "--quiet", "--initial-branch=main");
  const dependencies = {
    imageDirectories: [join(tree.directory, "images")],
    stateDirectory: join(scratch, "state"),
    report: () => {},
    programDirectory: await smallInstallation(join(scratch, "program")),
  };
  const create = (offline = false): Promise<CreatedCapsule> =>
    createCapsule({ file, directory: tree.directory, sources: {}, ...(offline ? { offline } : {}) }, dependencies);
  const refused = (code: string, offline?: boolean) => expect(create(offline)).rejects.toMatchObject({ code });

  await tree.write({ ...(await writeSmallDefinition(join(tree.directory, "images"), archive)), "rbuild.yaml": "builder: small\n" });
  await tree.commit();
  await refused("capsule.not-locked");
  await tree.write({ "rbuild.yaml": "builder: small\nnetwork: none\n" });
  await refused("capsule.tree-dirty");
  await tree.commit();
  await refused("lock.missing");
  await lockImage({ name: "small" }, dependencies);
  await tree.commit();
  await refused("image.unpinned");
  const pin = { name: "small", version: "1", architecture: "amd64", digest: digestOf("a"), imageId: digestOf("b") };
  await tree.write({ "images/small/image.pin.json": JSON.stringify(pin) });
  await tree.commit();
  await refused("pool.missing", true);
  expect(await readdir(tree.directory)).not.toContain("small.tar");

  const created = await create();
  expect(created).toMatchObject({ images: [{ name: "small", digest: pin.digest }], artifacts: undefined });
  expect(created.images[0]?.lock).toMatch(/^sha256:/);
  // README, build, bundle, one package, and the program without what an older build left.
  expect(created.members).toBe(4 + 6 + 3);
  // The capsule of before is no change of the tree; the pool has everything now.
  expect(await create(true)).toMatchObject({ digest: created.digest });

  await copyFile(file, join(tree.directory, "other.tar"));
  await refused("capsule.tree-dirty");
});
