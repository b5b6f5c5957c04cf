import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join, relative } from "node:path";
import { type Clock, RbuildError } from "../../../system/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import type { RbuildReport } from "../../events.ts";
import { readRbuildYaml } from "../config/read-rbuild-yaml.ts";
import type { RbuildYaml } from "../config/schema.ts";
import { findOwner, type Owner } from "../export/owner.ts";
import { openGit } from "../git/git.ts";
import { findGitTree, type GitFacts, readGitFacts } from "../git/git-facts.ts";
import { listIgnored, listSubmodules } from "../git/work-tree-changes.ts";
import type { IsoOptions } from "../iso.ts";
import { chooseSupply, type PackageSupply } from "../supply/choose-supply.ts";
import { checkScratchSpace, checkSpace, MIN_OUTPUT_BYTES, scratchMemory } from "./free-space.ts";
import { findMakefile, literalTargets, unknownTarget } from "./makefile.ts";
import { makeOutput, type OutputDirectory, resolveOutput } from "./output-directory.ts";
import { refuseOverrideOnRelease } from "./refuse-override.ts";
import { lockTree } from "./tree-lock.ts";

/** A tree that may be built. Disposing lets another build begin. */
export interface Project extends AsyncDisposable {
  /** Real path. */
  readonly directory: string;
  /** `directory` below the Git tree's top; "." for the top itself. */
  readonly directoryInTree: string;
  readonly config: RbuildYaml;
  readonly git: GitFacts;
  /** Paths below `directory`. */
  readonly submodules: readonly string[];
  readonly makefile: string;
  readonly target: string;
  readonly output: OutputDirectory;
  readonly owner: Owner;
  /** Bytes of a scratch in memory; undefined for one on disk. */
  readonly scratchMemory: number | undefined;
  readonly supply: PackageSupply;
}

export interface PreflightDependencies {
  readonly containerHost: ContainerHost;
  readonly report: RbuildReport;
  readonly stateDirectory: string;
  readonly clock: Clock;
}

const MAX_NAMED_FILES = 20;

/** Finds every reason not to build that can be found without a container, before anything is changed. */
export async function preflight(options: IsoOptions, dependencies: PreflightDependencies, purpose: "build" | "record" = "build"): Promise<Project> {
  const { containerHost, report, stateDirectory, clock } = dependencies;
  const signal = options.signal ? { signal: options.signal } : {};
  const opened = await openGit(await existing(options.directory), signal);
  const { top, directory } = await findGitTree(opened);
  const config = await readRbuildYaml(directory);
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.use(await lockTree(stateDirectory, directory, clock));

  const output = await resolveOutput(options.output ?? join(directory, "out"), directory);
  cleanUp.use(await lockTree(stateDirectory, output.path, clock));
  const ignore = output.insideTree === undefined ? {} : { ignore: output.insideTree };
  const git = await readGitFacts(directory, { ...ignore, ...signal });
  refuseOverrideOnRelease(options.allowBaseMismatch ?? false, git.tag);
  if (!options.ignoreChanges) refuseChanges(directory, git.changedFiles);
  const wanted = { wanted: config.lock, ignoresLock: options.ignoreLock ?? false };
  const supply = await chooseSupply({ directory, ...wanted, purpose, tag: git.tag }, report);
  warnOfIgnored(await listIgnored(opened, output.insideTree), report);

  const makefile = await findMakefile(directory);
  const target = options.target ?? config.target;
  const known = literalTargets(makefile.text);
  if (known.isComplete && !known.names.includes(target)) throw unknownTarget(target, makefile.name, known.names);

  await checkDevices(config.devices);
  const owner = await findOwner(directory);
  await makeOutput(output, owner);
  await checkSpace("the output", output.path, MIN_OUTPUT_BYTES);
  const ram = useMemory(options, config, report);
  if (ram === false) await checkScratchSpace(containerHost, config.disk);

  const memory = ram === false ? undefined : await scratchMemory(ram);
  const submodules = await listSubmodules(opened);

  const kept = cleanUp.move();
  return {
    directory,
    directoryInTree: relative(top, directory) || ".",
    config,
    git,
    submodules,
    makefile: makefile.name,
    target,
    output,
    owner,
    scratchMemory: memory,
    supply,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function existing(directory: string): Promise<string> {
  try {
    await access(directory, constants.R_OK | constants.X_OK);
    return directory;
  } catch (cause) {
    throw new RbuildError("iso.no-directory", `${directory} is not a directory that can be read`, {
      category: "not-found",
      hint: "rbuild iso -C DIRECTORY",
      cause,
      details: { directory },
    });
  }
}

function refuseChanges(directory: string, files: readonly string[]): void {
  if (files.length === 0) return;
  const more = files.length - MAX_NAMED_FILES;
  const named = files.slice(0, MAX_NAMED_FILES).map((file) => `\n  ${file}`);
  throw new RbuildError("iso.tree-dirty", `${directory} has changes that are not committed:${named.join("")}${more > 0 ? `\n  and ${more} more` : ""}`, {
    category: "refused",
    hint: "git commit or git stash them; rbuild iso --ignore-changes builds with them, and the result is not for publication",
    details: { files: files.slice(0, 1000), count: files.length },
  });
}

function warnOfIgnored(files: readonly string[], report: RbuildReport): void {
  if (files.length === 0) return;
  const named = files.slice(0, 5).join(", ");
  report({
    kind: "warning.raised",
    code: "iso.ignored-files",
    message: `the build sees ${files.length === 1 ? "something" : `${files.length} things`} that Git ignores and another checkout does not have: ${named}${files.length > 5 ? ", …" : ""}`,
    hint: "git clean -Xd removes what Git ignores",
  });
}

async function checkDevices(devices: readonly string[]): Promise<void> {
  for (const device of devices) {
    if (device === "loop") continue;
    try {
      await access(device);
    } catch (cause) {
      throw new RbuildError("iso.no-device", `the device ${device}, which rbuild.yaml asks for, is not on this host`, {
        category: "unavailable",
        hint: `load its driver, or take it out of devices: in rbuild.yaml`,
        cause,
        details: { device },
      });
    }
  }
}

function useMemory(options: IsoOptions, config: RbuildYaml, report: RbuildReport): false | true | number {
  const wanted = options.ram === undefined ? config.ram : options.ram ? config.ram || true : false;
  if (!wanted || !options.keep) return wanted;
  report({
    kind: "warning.raised",
    code: "iso.ram-not-kept",
    message: "what is in memory cannot be kept: with --keep the scratch is on disk",
  });
  return false;
}
