import fc from "fast-check";
import { expect, test } from "vitest";
import { OciFormatError } from "../../../src/oci/index.ts";
import { isRbuildError } from "../../../src/system/index.ts";
import { mutated } from "./mutations.ts";
import { FUZZ_TIMEOUT, fuzzRuns } from "./runs.ts";

export interface Fuzzed {
  /** Real ones, to be changed; few and small, as most inputs are nearly one of them. */
  readonly seeds: readonly (Uint8Array | string)[] | (() => Promise<readonly (Uint8Array | string)[]>);
  /** Reads an input, all of what it says; what it returns is not looked at. */
  readonly parse: (bytes: Buffer) => unknown;
  /** Codes of errors that refuse an input; undefined: the parser refuses nothing by throwing. */
  readonly codes?: RegExp;
  /** Mends what a mutation breaks in nearly every input, such as a checksum; each input is also tried as it is. */
  readonly mend?: (bytes: Buffer) => Buffer;
  readonly tokens?: readonly string[];
  /** Part of RBUILD_FUZZ_RUNS, for what starts a process or waits for a socket with each input. */
  readonly share?: number;
  readonly sample?: number;
}

/** More of a processor's time for one input of a few kilobytes is an attack that works. Microseconds. */
const MAX_TIME = 3_000_000;

/** A parser of what comes from outside: each input is read, or refused with a code of its own, soon, and nothing else happens. */
export function fuzz(name: string, { seeds, parse, codes, mend, tokens, share = 1, sample = 100 }: Fuzzed): void {
  test(name, { timeout: FUZZ_TIMEOUT }, async () => {
    const real = (typeof seeds === "function" ? await seeds() : seeds).map((seed) => Buffer.from(seed as string));
    for (const seed of real) await parse(seed);
    await fc.assert(
      fc.asyncProperty(mutated(real, tokens), fc.boolean(), async (bytes, isMended) => {
        const begin = process.cpuUsage();
        try {
          await parse(mend && isMended ? mend(bytes) : bytes);
        } catch (error) {
          if (!isRefusal(error, codes)) throw new Error("an error that is no refusal", { cause: error });
        }
        const { user, system } = process.cpuUsage(begin);
        if (user + system > MAX_TIME) throw new Error(`took ${(user + system) / 1e6} s`);
      }),
      { numRuns: fuzzRuns(sample, share) },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
}

function isRefusal(error: unknown, codes: RegExp | undefined): boolean {
  if (codes === undefined) return false;
  return error instanceof OciFormatError ? codes.test("oci.format") : isRbuildError(error) && codes.test(error.code);
}
