import { mkdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { openEmbedded } from "../../../src/cli/wire/open-embedded.ts";
import { buildImage } from "../../../src/rbuild/index.ts";
import { fillTestPool, TEST_POOL } from "../../support/image-pool.ts";
import { scratchDirectory } from "../../support/scratch.ts";
import { underFakeTime } from "../../support/variation/faketime-host.ts";

const images = resolve(import.meta.dirname, "../../../images");

test("the programs that install base may live in another year: the digest is the pinned one", async () => {
  await fillTestPool("base");
  const pin = JSON.parse(await readFile(join(images, "base/image.pin.json"), "utf8")) as { readonly digest: string };
  const work = await scratchDirectory();
  await using embedded = await openEmbedded({ root: join(work, "engine"), runRoot: join(work, "run"), state: join(work, "state") });
  await mkdir(join(work, "state"));
  const faked = await underFakeTime(embedded.docker, "+400d");
  const built = await buildImage(
    { name: "base", force: true, offline: true, sources: { pools: [TEST_POOL] } },
    { containerHost: faked.docker, imageDirectories: [images], report: () => {}, stateDirectory: join(work, "state") },
  );
  expect(faked.ran()).toBeGreaterThan(0);
  expect(built.digest).toBe(pin.digest);
});
