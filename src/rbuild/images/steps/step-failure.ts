import { RbuildError } from "../../../system/index.ts";
import { noSpace, saysFull } from "../no-space.ts";

/** What resolvers, APT, curl and wget say. Whoever misses the system's message bus says similar things. */
const NO_NETWORK =
  /[Cc]ould not resolve (?:host|')|unable to resolve host|[Tt]emporary failure (?:resolving|in name resolution)|Network is unreachable|(?:Could not|Unable to|Failed to) connect to \S+(?::\w+| port )/;

/** The coded error of a build step that failed, from what it printed last. */
export function explainStepFailure(purpose: string, exitCode: number, lines: readonly string[]): RbuildError {
  const details = { exitCode, lines };
  const find = (expression: RegExp) => lines.find((line) => expression.test(line))?.trim();
  if (lines.some(saysFull)) return noSpace(purpose, { details });
  const offline = find(NO_NETWORK);
  if (offline !== undefined) {
    return new RbuildError("image.no-network", `could not ${purpose}: it looked for a network, and images are built without any: ${offline}`, {
      category: "failed",
      hint: "name Debian packages under packages: or offers: in image.yaml and lock the image again; put other files beside image.yaml",
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
