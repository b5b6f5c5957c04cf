import { RbuildError } from "../../../system/index.ts";

/** First word of the line by which `archive-check.ts` says that the archive is not the one the definition was written for. */
export const ARCHIVE_MOVED_MARK = "rbuild:archive-moved";

/** The coded error of a build step that failed, from what it printed last. */
export function explainStepFailure(purpose: string, exitCode: number, lines: readonly string[]): RbuildError {
  const moved = lines.find((line) => line.startsWith(ARCHIVE_MOVED_MARK));
  if (moved !== undefined) return archiveMoved(purpose, moved);
  const details = { exitCode, lines };
  const find = (expression: RegExp) => lines.find((line) => expression.test(line))?.trim();
  const full = find(/No space left on device/);
  if (full !== undefined) {
    return new RbuildError("image.no-space", `could not ${purpose}: no space left on device`, {
      category: "unavailable",
      hint: "make room where the container engine keeps its state; rbuild engine gc frees what nothing needs",
      details,
    });
  }
  const untrusted = find(/NO_PUBKEY|EXPKEYSIG|BADSIG|is not signed|signatures were invalid|not valid yet|is expired/);
  if (untrusted !== undefined) {
    return new RbuildError("image.archive-untrusted", `could not ${purpose}: APT does not accept the archive: ${untrusted}`, {
      category: "untrusted",
      hint: "--mirror http://HOST/debian, a mirror of the real archive; and set the clock right (date -u)",
      details,
    });
  }
  const unreachable = find(
    /Could not resolve|Temporary failure resolving|Could not connect|Unable to connect|Connection (?:refused|timed out|failed)|Network is unreachable|Failed to fetch/,
  );
  if (unreachable !== undefined) {
    return new RbuildError("mirror.unreachable", `could not ${purpose}: the Debian mirror does not answer: ${unreachable}`, {
      category: "unavailable",
      hint: "check the network, or choose another mirror with --mirror http://HOST/debian",
      details,
    });
  }
  return new RbuildError("image.step-failed", `could not ${purpose}: exit code ${exitCode}${quoteLines(lines)}`, {
    category: "failed",
    hint: "the lines above the error tell what the package tools said",
    details,
  });
}

/** The last lines of an output for a message, each cut to a length that a person reads. */
export function quoteLines(lines: readonly string[]): string {
  return lines
    .slice(-12)
    .map((line) => `\n${line.length > 300 ? `${line.slice(0, 300)}…` : line}`)
    .join("");
}

function archiveMoved(purpose: string, line: string): RbuildError {
  const { expected, found, version, date } = Object.fromEntries(
    line
      .split(/\s+/)
      .slice(1)
      .map((pair) => pair.split("=", 2)),
  ) as Record<string, string | undefined>;
  const now = version ? `it is now version ${version}, made ${date?.replaceAll("_", " ") ?? ""} (InRelease ${found})` : "it has no InRelease";
  return new RbuildError(
    "image.archive-moved",
    `could not ${purpose}: the archive is not in the state that image.yaml was written for (InRelease ${expected}): ${now}`,
    {
      category: "unavailable",
      hint: "--mirror URL of a mirror that keeps that state; or set archive: and sourceDateEpoch: in the image.yaml that has bootstrap:, then rbuild image pin",
      details: { expected, found, version, date },
    },
  );
}
