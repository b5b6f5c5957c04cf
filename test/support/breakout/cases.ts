import { headerCases } from "./header-cases.ts";
import { linkCases } from "./link-cases.ts";
import { nameCases } from "./name-cases.ts";
import { whiteoutCases } from "./whiteout-cases.ts";

/** An archive that tries something: hostile, or only odd. */
export interface BreakoutCase {
  readonly name: string;
  readonly tar: Buffer;
}

/**
 * What the breakout suites of container engines and archive libraries try, as archives.
 * @param outside absolute path of a directory on the host with files `file` and `directory/inner`, which nothing may touch
 */
export function breakoutCases(outside: string): readonly BreakoutCase[] {
  return Object.entries({ ...nameCases(outside), ...linkCases(outside), ...whiteoutCases(outside), ...headerCases() }).map(([name, tar]) => ({ name, tar }));
}
