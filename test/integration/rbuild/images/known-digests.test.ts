import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { buildImage } from "../../../../src/rbuild/images/build-image.ts";
import { COMPATIBILITY_VERSION } from "../../../../src/rbuild/images/compatibility.ts";
import { type KnownDigests, knownDirectory } from "../../../known-digests/known-images.ts";
import { openTestHost } from "../../../support/iso/container-host.ts";

const known = knownDirectory(COMPATIBILITY_VERSION);

test.runIf(process.arch === "x64")("small locks give the digests that are known of this compatibility version", async () => {
  const stateDirectory = await mkdtemp("/var/tmp/rbuild-known-");
  onTestFinished(() => rm(stateDirectory, { recursive: true }));
  await using host = await openTestHost();
  const dependencies = { containerHost: host.docker, imageDirectories: [join(known, "images")], stateDirectory, report: () => undefined };
  const digests = JSON.parse(await readFile(join(known, "digests.json"), "utf8")) as KnownDigests;
  // An archive that cannot be: everything comes from the pool beside the locks.
  const sources = { pools: [join(known, "pool")], mirrors: new Map([["debian", "http://127.0.0.1:9"]]) };
  const found: Record<string, string> = {};
  for (const name of Object.keys(digests)) found[name] = (await buildImage({ name, sources }, dependencies)).digest;
  expect(found).toEqual(digests);
});
