const asked = process.env["RBUILD_FUZZ_RUNS"];

/** How many inputs a property gets: a sample in `make test`, and RBUILD_FUZZ_RUNS, or a share of it, where that is set. */
export function fuzzRuns(sample: number, share = 1): number {
  return asked === undefined ? sample : Math.max(1, Math.ceil(Number(asked) * share));
}

/** Time for so many, in milliseconds. */
export const FUZZ_TIMEOUT = asked === undefined ? 60_000 : 4 * 3600_000;
