import { spawnSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientWorks } from "../../support/faults/client-works.ts";
import { statesOf } from "../../support/faults/each-state.ts";
import { runWithFault } from "../../support/faults/faulty-run.ts";
import { publishWorks } from "../../support/faults/publish-works.ts";
import { type TwoReleases, twoReleases } from "../../support/repository/two-releases.ts";
import { scratchDirectory } from "../../support/scratch.ts";

const isFull = process.env["RBUILD_TEST_FULL"] === "1";
let releases: TwoReleases;
beforeAll(async () => void (releases = await twoReleases()), 60_000);
afterAll(() => releases[Symbol.asyncDispose]());

test.runIf(isFull).each(["first publication", "publish", "renewal", "load", "bundle", "delta"] as const)(
  "%s: what SIGKILL before any of its calls leaves is old or new, and the next time completes it",
  { timeout: 3600_000 },
  async (name) => {
    const place = await scratchDirectory();
    const directory = join(place, "work");
    await mkdir(directory);
    const { verify, ...subject } = await { ...clientWorks(releases), ...publishWorks(releases) }[name](directory);
    const { calls, copies } = await statesOf(subject, directory, join(place, "states"));
    console.info(`${name}: ${calls} calls leave ${copies.length} states`);
    expect(copies.length).toBeGreaterThan(3);
    for (const copy of copies) {
      await rm(directory, { recursive: true });
      expect(spawnSync("cp", ["-a", copy, directory]).status).toBe(0);
      await verify(false);
      expect(await runWithFault(subject, { kind: "none" }), copy).toMatchObject({ exitCode: 0 });
      await verify(true);
    }
  },
);
