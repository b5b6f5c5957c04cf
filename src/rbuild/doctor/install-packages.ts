import { execa } from "execa";
import { RbuildError, run, toolFailure, toolOptions } from "../../system/index.ts";
import { findProgram } from "./find-program.ts";

export interface InstallOptions {
  /** What apt-get prints, line by line. */
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** sudo passes no environment on, so env(1) sets it behind it. SYSTEMD_OFFLINE: nothing that is installed here is wanted as a daemon. */
const ENVIRONMENT = ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8", "SYSTEMD_OFFLINE=1"];
/** Another apt (a nightly upgrade) may hold the lock for a while: seconds. */
const LOCK_TIMEOUT = 300;

/**
 * Installs one package of each group with apt-get, by sudo where this is not root.
 * @returns the packages it installed
 * @throws RbuildError `doctor.no-apt`, `doctor.no-sudo`, `doctor.install-failed`
 */
export async function installPackages(groups: readonly (readonly string[])[], options: InstallOptions): Promise<readonly string[]> {
  const prefix = await privileges();
  // Stale or missing lists are the usual state of a fresh machine. If the lists cannot be had, those that are there may still do.
  await aptGet(prefix, ["update"], options).catch((error: unknown) => options.onLine(error instanceof Error ? error.message : String(error)));
  const packages = [...new Set(await Promise.all(groups.map(firstAvailable)))];
  try {
    await aptGet(prefix, ["install", "--yes", "--no-install-recommends", ...packages], options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new RbuildError("doctor.install-failed", `apt-get could not install ${packages.join(" ")}`, {
      category: "unavailable",
      hint: `apt-get update && apt-get install ${packages.join(" ")}`,
      cause: error,
      details: { packages },
    });
  }
  return packages;
}

/** The words before a command that root must run. */
async function privileges(): Promise<readonly string[]> {
  if (!(await findProgram(["apt-get"]))) {
    throw new RbuildError("doctor.no-apt", "this host has no apt-get to install packages with", {
      category: "unavailable",
      hint: "install them with this system's own package manager",
    });
  }
  if (process.getuid?.() === 0) return [];
  if (await findProgram(["sudo"])) return ["sudo"];
  throw new RbuildError("doctor.no-sudo", "installing packages needs root, and there is no sudo", {
    category: "unavailable",
    hint: "run rbuild doctor --fix as root",
  });
}

async function firstAvailable(group: readonly string[]): Promise<string> {
  for (const name of group) {
    const { stdout } = await run("apt-cache", ["policy", name], { okCodes: [0, 100] }).catch(() => ({ stdout: "" }));
    if (/^ {2}Candidate: (?!\(none\))/m.test(stdout)) return name;
  }
  return group[0] ?? "";
}

/** Inherits the terminal's input, so that sudo can ask for a password. */
async function aptGet(prefix: readonly string[], args: readonly string[], { onLine, signal }: InstallOptions): Promise<void> {
  const [command = "", ...rest] = [...prefix, ...ENVIRONMENT, "apt-get", "--quiet", `--option=DPkg::Lock::Timeout=${LOCK_TIMEOUT}`, ...args];
  const options = {
    ...toolOptions({ env: { PATH }, ...(signal === undefined ? {} : { signal }) }),
    stdin: "inherit",
    all: true,
    buffer: false,
    reject: false,
  } as const;
  const child = execa(command, rest, options);
  for await (const line of child.iterable({ from: "all" })) onLine(line);
  const result = await child;
  signal?.throwIfAborted();
  if (result.exitCode !== 0) throw toolFailure("apt-get", args, result);
}
