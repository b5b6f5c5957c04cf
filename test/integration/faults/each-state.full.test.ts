import { afterAll, beforeAll, test } from "vitest";
import { clientWorks } from "../../support/faults/client-works.ts";
import { publishWorks } from "../../support/faults/publish-works.ts";
import { sweepStates } from "../../support/faults/sweeps.ts";
import { type TwoReleases, twoReleases } from "../../support/repository/two-releases.ts";

let releases: TwoReleases;
beforeAll(async () => void (releases = await twoReleases()), 60_000);
afterAll(() => releases[Symbol.asyncDispose]());

test.each(["first publication", "publish", "renewal", "load", "bundle", "delta"] as const)(
  "%s: what SIGKILL before any of its calls leaves is old or new, and the next time completes it",
  { timeout: 3600_000 },
  (name) => sweepStates({ ...clientWorks(releases), ...publishWorks(releases) }[name]),
);
