import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { stage, sweepStaging } from "../../../../src/engine/snapshots/staging.ts";
import { storeLayout } from "../../../../src/engine/store/layout.ts";

async function layoutOfItsOwn() {
  const root = await mkdtemp("/var/tmp/rbuild-staging-");
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  return storeLayout(root);
}

test("many files are removed without waiting for it, and nothing stays", async () => {
  const layout = await layoutOfItsOwn();
  {
    await using staging = await stage(layout);
    await mkdir(join(staging.directory.path, "files"));
    for (let index = 0; index < 500; index++) await writeFile(join(staging.directory.path, "files", String(index)), "");
  }
  await vi.waitFor(async () => expect(await readdir(layout.staging)).toEqual([]), { timeout: 30_000 });
});

test("few files are gone at once; a sweep leaves alone what somebody has", async () => {
  const layout = await layoutOfItsOwn();
  {
    await using staging = await stage(layout);
    await writeFile(join(staging.directory.path, "file"), "");
    expect(await sweepStaging(layout)).toEqual([]);
    expect(await readdir(staging.directory.path)).toEqual(["file"]);
  }
  expect(await readdir(layout.staging)).toEqual([]);
});
