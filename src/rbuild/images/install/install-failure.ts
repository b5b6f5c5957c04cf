import { RbuildError } from "../../../system/index.ts";
import { explainStepFailure, quoteLines } from "../steps/step-failure.ts";
import { AUDIT_MARK } from "./install-script.ts";

/** What dpkg says of the first package whose turn failed. */
const FAILED = /^dpkg: error processing (?:package|archive) (\S+) \(--\S+\):$/;

/** Lines quoted, and how many of them stand before what dpkg says: there the package's own scripts speak. */
const [QUOTED, BEFORE] = [12, 8];

/** The coded error of an installation that failed, from the last lines it printed. */
export function explainInstallFailure(purpose: string, exitCode: number, lines: readonly string[]): RbuildError {
  const explained = explainStepFailure(purpose, exitCode, lines);
  if (explained.code !== "image.step-failed") return explained;
  const at = lines.findIndex((line) => FAILED.test(line));
  const failed = FAILED.exec(lines[at] ?? "")?.[1];
  const isUndone = lines.includes(AUDIT_MARK);
  if (failed === undefined && !isUndone) return explained;
  const said = lines.filter((line) => line !== AUDIT_MARK);
  const what = failed === undefined ? "dpkg left packages half installed" : `${failed.replace(/_[a-z0-9]+\.deb$/, "")} could not be installed`;
  return new RbuildError(
    "image.install-failed",
    `could not ${purpose}: ${what}${quoteLines(at < 0 ? said : said.slice(Math.max(0, at - BEFORE)).slice(0, QUOTED))}`,
    {
      category: "failed",
      hint: "the lines above tell what the package's own scripts said; leave it out, or lock another version of it",
      details: { exitCode, package: failed, lines: said },
    },
  );
}
