import { RbuildError, type RunResult, redact, stripControl } from "../../../system/index.ts";

/** APT's errors and warnings, in its own words, on one line. */
export function aptWords({ stdout, stderr }: RunResult): string {
  const lines = `${stderr}\n${stdout}`.split("\n").filter((line) => /^[EW]: |^Err:/.test(line));
  return redact(stripControl([...new Set(lines)].slice(0, 6).join(" ").slice(0, 1500)));
}

/** @throws RbuildError `lock.no-space` where APT says that it could not write, whatever else it says of what it could not read then */
export function refuseFullDisk(result: RunResult, directory: string): void {
  const said = aptWords(result);
  if (!/No space left on device|Disk quota exceeded/i.test(said)) return;
  throw new RbuildError("lock.no-space", `APT has no room for its indexes in ${directory}: ${said}`, {
    category: "unavailable",
    hint: "make room there, or --engine-root on a larger file system",
    details: { directory },
  });
}
