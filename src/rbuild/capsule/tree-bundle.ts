import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { RbuildError } from "../../system/index.ts";
import { compareValues } from "../explain/compare-values.ts";
import { type Git, openGit } from "../iso/git/git.ts";
import type { GitFacts } from "../iso/git/git-facts.ts";
import { listSubmodules } from "../iso/git/work-tree-changes.ts";
import type { CapsuleManifest } from "./capsule-manifest.ts";

/** A commit, and every name that a build is told of: its branch and tags, and the branch that its base was found by. */
export type TreeRefs = Omit<CapsuleManifest["tree"], "directory" | "target">;

/**
 * What a tree is known by, and the refs that this comes from.
 * @throws RbuildError `capsule.shallow-tree`, `capsule.has-submodules`
 */
export async function readTreeRefs(git: Git, facts: GitFacts): Promise<TreeRefs> {
  if ((await git.run(["rev-parse", "--is-shallow-repository"])).stdout.trim() === "true") {
    throw new RbuildError("capsule.shallow-tree", `${git.directory} is a shallow clone, whose commit cannot be kept with its history`, {
      category: "refused",
      hint: "git fetch --unshallow",
    });
  }
  const [submodule] = await listSubmodules(git);
  if (submodule !== undefined) {
    throw new RbuildError("capsule.has-submodules", `${git.directory} has the submodule ${submodule}; a capsule has one repository`, {
      category: "refused",
      hint: "put its files into the tree (git subtree)",
    });
  }
  const { ref, baseBranch } = facts;
  const names = new Set(ref === undefined ? [] : [ref]);
  for (const name of (await git.run(["for-each-ref", "--points-at=HEAD", "--format=%(refname)", "refs/tags"])).stdout.split("\n")) if (name) names.add(name);
  if (baseBranch) {
    const short = baseBranch.name.startsWith("origin/") ? `refs/remotes/${baseBranch.name}` : baseBranch.name;
    // Of a symbolic ref such as origin/HEAD, the name it has itself.
    const full = (await git.run(["rev-parse", "--symbolic-full-name", "--end-of-options", short])).stdout.split("\n").find((line) => line.startsWith("refs/"));
    names.add(short.startsWith("refs/") ? short : (full ?? short));
  }
  const refs: Record<string, string> = {};
  for (const name of [...names].sort()) refs[name] = (await git.run(["rev-parse", "--verify", "--end-of-options", name])).stdout.trim();
  return { ...knownBy(facts), refs };
}

/**
 * Writes the history that refs lead to as a Git bundle, gitformat-bundle(5). Its pack is made anew by one thread, so that it depends on
 * the history and on Git's version, and not on how the repository was packed.
 */
export async function writeTreeBundle(git: Git, { commit, refs }: TreeRefs, path: string): Promise<void> {
  const names: readonly (readonly [string, string])[] = [["HEAD", commit], ...Object.entries(refs)];
  const format = commit.length === 40 ? "# v2 git bundle\n" : "# v3 git bundle\n@object-format=sha256\n";
  const header = `${format}${names.map(([name, id]) => `${id} ${name}\n`).join("")}\n`;
  const pack = git.stream(
    [
      "pack-objects",
      "--revs",
      "--stdout",
      "--quiet",
      "--threads=1",
      "--no-reuse-delta",
      "--no-reuse-object",
      "--no-use-bitmap-index",
      "--window=10",
      "--depth=50",
      "--compression=6",
    ],
    `${[...new Set(names.map(([, id]) => id))].join("\n")}\n`,
  );
  await pipeline(
    async function* () {
      yield Buffer.from(header);
      yield* pack;
    },
    createWriteStream(path, { flags: "wx" }),
  );
}

/** Makes the work tree of a bundle in `directory`, which is made: the same commit, branch, tags and base branch. */
export async function restoreTree(bundle: string, tree: TreeRefs, directory: string): Promise<void> {
  const { commit, refs } = tree;
  const branch = tree.ref?.startsWith("refs/heads/") ? tree.ref : null;
  await mkdir(directory);
  const git = await openGit(directory);
  await git.run(["init", "--quiet", "--template=", `--object-format=${commit.length === 40 ? "sha1" : "sha256"}`, "."]);
  await git.run(["-c", "transfer.fsckObjects=true", "bundle", "unbundle", bundle]);
  for (const [name, id] of Object.entries(refs)) await git.run(["update-ref", name, id]);
  if (branch === null) await git.run(["update-ref", "--no-deref", "HEAD", commit]);
  else await git.run(["symbolic-ref", "HEAD", branch]);
  await followRemote(git, branch, refs);
  await git.run(["-c", "core.autocrlf=false", "reset", "--quiet", "--hard", commit]);
}

/** Has the branch follow the one remote branch of the bundle, as it did where that was found to be the base. */
async function followRemote(git: Git, branch: string | null, refs: TreeRefs["refs"]): Promise<void> {
  const remote = Object.keys(refs)
    .map((name) => /^refs\/remotes\/([^/]+)\/(.+)$/.exec(name))
    .find((match) => match !== null);
  const [, name, head] = remote ?? [];
  if (branch === null || name === undefined || head === undefined || head === "HEAD") return;
  const short = branch.slice("refs/heads/".length);
  await git.run(["config", `remote.${name}.url`, "."]);
  await git.run(["config", `remote.${name}.fetch`, `+refs/heads/*:refs/remotes/${name}/*`]);
  await git.run(["config", `branch.${short}.remote`, name]);
  await git.run(["config", `branch.${short}.merge`, `refs/heads/${head}`]);
}

/** What a tree is known by, whatever it was restored from. */
function knownBy({ commit, ref, tag, baseBranch, sourceDateEpoch }: GitFacts): Omit<TreeRefs, "refs"> {
  const base = baseBranch ? { name: baseBranch.name, mergeBase: baseBranch.mergeBase } : null;
  return { commit, ref: ref ?? null, tag: tag ?? null, baseBranch: base, sourceDateEpoch };
}

/** @throws RbuildError `capsule.tree-differs` when a restored tree is not known by the same facts as where the capsule was written */
export function checkFacts({ commit, ref, tag, baseBranch, sourceDateEpoch }: TreeRefs, facts: GitFacts): void {
  const [difference] = compareValues({ commit, ref, tag, baseBranch, sourceDateEpoch }, { ...knownBy(facts) });
  if (!difference) return;
  const { field, was, is } = difference;
  throw new RbuildError(
    "capsule.tree-differs",
    `the capsule's tree has the ${field} ${JSON.stringify(is)} here, and had ${JSON.stringify(was)} where it was written`,
    {
      hint: "write the capsule again with this Git",
      details: { ...difference },
    },
  );
}
