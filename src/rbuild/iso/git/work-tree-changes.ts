import { join } from "node:path";
import { pathExists } from "../../../system/index.ts";
import { type Git, openGit } from "./git.ts";

/** Submodules within submodules that are looked into. */
const MAX_DEPTH = 8;

/**
 * Files below `directory` that differ from HEAD or are untracked, relative to it, in byte order. Submodules are looked
 * into one by one, each with git made harmless for it. Ignored files are no changes.
 * @param options.ignore path below `directory` that is left out
 */
export async function findChanges(directory: string, options: { readonly ignore?: string; readonly signal?: AbortSignal } = {}, depth = 0): Promise<string[]> {
  const git = await openGit(directory, options);
  const changes = new Set(await ownChanges(git, options.ignore));
  if (depth < MAX_DEPTH) {
    for (const path of await listSubmodules(git)) {
      const submodule = join(directory, path);
      if (!(await pathExists(join(submodule, ".git")))) continue;
      for (const change of await findChanges(submodule, options.signal ? { signal: options.signal } : {}, depth + 1)) changes.add(`${path}/${change}`);
    }
  }
  return [...changes].sort((a, b) => (a < b ? -1 : 1));
}

/** Paths of the submodules below git's directory, relative to it. */
export async function listSubmodules(git: Git): Promise<string[]> {
  const { stdout } = await git.run(["ls-files", "--stage", "-z", "--", "."]);
  return stdout.split("\0").flatMap((entry) => (entry.startsWith("160000 ") ? [entry.slice(entry.indexOf("\t") + 1)] : []));
}

async function ownChanges(git: Git, ignore: string | undefined): Promise<string[]> {
  // Ignoring "dirty" keeps git from running inside submodules; that another commit is checked out there still counts.
  const pathspec = [".", ...(ignore === undefined ? [] : [`:(exclude,literal)${ignore}`])];
  const args = ["status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignore-submodules=dirty", "--no-renames", "--", ...pathspec];
  const { stdout } = await git.run(args);
  const prefix = (await git.run(["rev-parse", "--show-prefix"])).stdout.replace(/\n$/, "");
  return stdout.split("\0").flatMap((entry) => {
    // gitformat: "1 XY sub mH mI mW hH hI path", "u XY sub m1 m2 m3 mW h1 h2 h3 path", "? path"
    const fields = { "1": 8, u: 10, "?": 1 }[entry[0] ?? ""];
    if (fields === undefined) return [];
    const path = entry.split(" ").slice(fields).join(" ");
    return [path.startsWith(prefix) ? path.slice(prefix.length) : path];
  });
}

/** What Git ignores below git's directory: files, and directories with a closing slash. */
export async function listIgnored(git: Git, ignore: string | undefined): Promise<string[]> {
  const pathspec = [".", ...(ignore === undefined ? [] : [`:(exclude,literal)${ignore}`])];
  const { stdout } = await git.run(["ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z", "--", ...pathspec]);
  // A directory that is ignored as a whole is listed in spite of its exclusion.
  return stdout.split("\0").filter((path) => path !== "" && path !== `${ignore}/`);
}
