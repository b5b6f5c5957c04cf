import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientWorks } from "../../support/faults/client-works.ts";
import { countCalls, type Fault, points, runWithFault } from "../../support/faults/faulty-run.ts";
import { publishWorks } from "../../support/faults/publish-works.ts";
import { type TwoReleases, twoReleases } from "../../support/repository/two-releases.ts";
import { scratchDirectory } from "../../support/scratch.ts";

let releases: TwoReleases;
beforeAll(async () => void (releases = await twoReleases()), 60_000);
afterAll(() => releases[Symbol.asyncDispose]());

const isFull = process.env["RBUILD_TEST_FULL"] === "1";
const FEW = { load: 2, bundle: 1, delta: 1, fetch: 1, publish: 1 } as const;
const KILL: readonly [string, (at: number) => Fault] = ["killed before", (at) => ({ kind: "kill", at })];
const FAULTS = [
  KILL,
  ["with a full disk at", (at) => ({ kind: "error", errno: "ENOSPC", at })],
  ["with a broken disk at", (at) => ({ kind: "error", errno: "EIO", at })],
] satisfies readonly (typeof KILL)[];
describe.each(Object.keys(FEW) as (keyof typeof FEW)[])("%s", (name) => {
  test.each(isFull ? FAULTS : [KILL])("%s each of its calls: old or new, and the next time completes it", { timeout: 4 * 3600_000 }, async (_what, faultAt) => {
    const place = await scratchDirectory();
    const works = { ...clientWorks(releases), ...publishWorks(releases) };
    const work = async () => {
      const directory = join(place, "work");
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory);
      return await works[name](directory);
    };
    const count = await countCalls(await work(), faultAt(1).kind === "error" ? "error" : "kill");
    expect(count).toBeGreaterThan(1);
    for (const at of points(count, FEW[name])) {
      const { verify, ...subject } = await work();
      const { exitCode, isKilled, stderr } = await runWithFault(subject, faultAt(at));
      // It makes some calls more or fewer each time: the last ones may be missed.
      if (faultAt(at).kind === "kill" && at < 0.9 * count) expect(isKilled, `call ${at} of ${count}: ${stderr}`).toBe(true);
      await verify(exitCode === 0);
      expect(await runWithFault(subject, { kind: "none" })).toMatchObject({ exitCode: 0 });
      await verify(true);
    }
  });
});
