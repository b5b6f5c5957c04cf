import { nearNames, RbuildError, redact, stripControl } from "../../../system/index.ts";
import type { AptWorkspace } from "./apt-workspace.ts";
import type { VerifiedSuite } from "./verified-suite.ts";

/** What APT would install. */
export interface Solution {
  readonly installs: readonly { readonly name: string; readonly version: string; readonly architecture: string }[];
}

export interface SolveRequest {
  readonly names: readonly string[];
  /** They are installed, and are to move to their candidates; so is what does not fit to what is installed below it. */
  readonly isUpgrade: boolean;
  /** For messages: the image. */
  readonly image: string;
}

/** Where no package has such a name, APT takes it for a pattern, or for what is to be removed. */
const MEANS_MORE = /[+-]$|\./;
const INSTALL = /^Inst (\S+) (?:\[[^\]]*\] )?\((\S+)(?: [^\]]*)? \[([a-z0-9-]+)\]\)/;

/**
 * Asks APT for a solution on top of what the workspace's status says is installed. Nothing is ever removed.
 * @throws RbuildError `lock.no-such-package`, `lock.unsatisfiable`
 */
export async function solve(workspace: AptWorkspace, suites: readonly VerifiedSuite[], { names, isUpgrade, image }: SolveRequest): Promise<Solution> {
  if (names.length === 0 && !isUpgrade) return { installs: [] };
  const strange = names.find((name) => MEANS_MORE.test(name) && !isKnown(name, suites));
  if (strange !== undefined) throw noSuchPackage(strange, suites, image, workspace.architecture);
  const args = ["--simulate", "-q", "--no-remove", ...(isUpgrade ? ["--only-upgrade", "--fix-broken"] : []), "install", "--", ...names];
  const { exitCode, stdout, stderr } = await workspace.run("apt-get", args);
  if (exitCode !== 0) throw refusal(`${stdout}\n${stderr}`, suites, image, workspace.architecture);
  const solution = parseSimulation(stdout);
  const foreign = solution.installs.find(({ name, architecture }) => name.includes(":") || (architecture !== "all" && architecture !== workspace.architecture));
  if (foreign) throw new TypeError(`APT chose ${foreign.name} of ${foreign.architecture}, an architecture that it was not given`);
  return solution;
}

/** The `Inst` lines of `apt-get --simulate`. */
export function parseSimulation(text: string): Solution {
  const installs = text.split("\n").flatMap((line) => {
    const [, name, version, architecture] = INSTALL.exec(line) ?? [];
    return name !== undefined && version !== undefined && architecture !== undefined ? [{ name, version, architecture }] : [];
  });
  return { installs };
}

function refusal(text: string, suites: readonly VerifiedSuite[], image: string, architecture: string): RbuildError {
  const [, missing] =
    /^E: (?:Unable to locate package|Package '?)\s*([a-z0-9][a-z0-9+.-]*)(?:$|'? has no installation candidate|'? is not available)/m.exec(text) ?? [];
  if (missing !== undefined) return noSuchPackage(missing, suites, image, architecture);
  const reason = aptReason(text);
  return new RbuildError("lock.unsatisfiable", `APT finds no way to install what the image ${image} names:\n${reason}`, {
    category: "failed",
    hint: "change packages: or suites: of the definition, or of the image below",
    details: { apt: reason },
  });
}

const isKnown = (name: string, suites: readonly VerifiedSuite[]): boolean => suites.some(({ indexes }) => indexes.some((index) => index.find(name).length > 0));

function noSuchPackage(missing: string, suites: readonly VerifiedSuite[], image: string, architecture: string): RbuildError {
  const known = suites.flatMap(({ indexes }) => indexes.flatMap(({ names }) => [...names]));
  const near = nearNames(missing, new Set(known));
  const where = suites.map(({ locked }) => `${locked.archive} ${locked.suite}`).join(", ");
  return new RbuildError(
    "lock.no-such-package",
    `the image ${image} names the package ${missing}, which none of its suites has for ${architecture}: ${where}`,
    {
      category: "not-found",
      hint: near.length > 0 ? `there is ${near.join(", ")}` : "correct packages: in the definition",
      details: { package: missing, near },
    },
  );
}

/** APT's own words on why it cannot be, without its small talk. */
function aptReason(text: string): string {
  const lines = stripControl(redact(text)).split("\n");
  const start = lines.findIndex((line) => /unmet dependencies|^E: /.test(line));
  return lines
    .slice(Math.max(start, 0))
    .filter((line) => line.trim() !== "" && !/^(?:NOTE|N|Reading|Building)\b/.test(line))
    .slice(0, 40)
    .join("\n");
}
