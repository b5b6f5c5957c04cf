import { afterAll, beforeAll, describe, test } from "vitest";
import { clientWorks } from "../../support/faults/client-works.ts";
import { publishWorks } from "../../support/faults/publish-works.ts";
import { sweepCalls } from "../../support/faults/sweeps.ts";
import { FAULTS, KILL } from "../../support/faults/work.ts";
import { type TwoReleases, twoReleases } from "../../support/repository/two-releases.ts";

let releases: TwoReleases;
beforeAll(async () => void (releases = await twoReleases()), 60_000);
afterAll(() => releases[Symbol.asyncDispose]());

const isFull = process.env["RBUILD_TEST_FULL"] === "1";
const FEW = { load: 2, bundle: 1, delta: 1, fetch: 1, publish: 1 } as const;
// What is not of another process too is killed at each call in `each-state`.
const faultsOf = (name: string) => (name === "fetch" ? [KILL, ...FAULTS] : FAULTS);
describe.each(Object.keys(FEW) as (keyof typeof FEW)[])("%s", (name) => {
  test.each(isFull ? faultsOf(name) : [KILL])("%s each of its calls: old or new, and the next time completes it", { timeout: 4 * 3600_000 }, (_what, faultAt) =>
    sweepCalls({ ...clientWorks(releases), ...publishWorks(releases) }[name], faultAt, FEW[name]),
  );
});
