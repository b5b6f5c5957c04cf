import { RbuildError } from "../../../system/index.ts";
import { type BaseBranch, findBaseBranch } from "./base-branch.ts";
import { type Git, openGit } from "./git.ts";
import { findChanges } from "./work-tree-changes.ts";

/** What a build may know of its tree's history; computed before, because `.git` does not go into the container. */
export interface GitFacts {
  /** Full object name of HEAD. */
  readonly commit: string;
  /** `refs/heads/…`, or `refs/tags/…` when HEAD is detached at a tag; undefined when detached elsewhere. */
  readonly ref: string | undefined;
  /** The tag at HEAD: of several, annotated before lightweight ones, then the highest version. */
  readonly tag: string | undefined;
  readonly baseBranch: BaseBranch | undefined;
  /** Changed and untracked files below the project's directory, relative to it, in byte order. */
  readonly changedFiles: readonly string[];
  /** A build of exactly a tag. */
  readonly isRelease: boolean;
  /** Committer date of HEAD, seconds since 1970. */
  readonly sourceDateEpoch: number;
}

export interface GitTree {
  /** Real path of the work tree. */
  readonly top: string;
  /** Real path of the directory asked for, `top` or below. */
  readonly directory: string;
}

/** @throws RbuildError `iso.not-a-git-tree`, `iso.no-commit` */
export async function findGitTree(git: Git): Promise<GitTree> {
  const found = await git.run(["rev-parse", "--show-toplevel"], { okCodes: [0, 128] });
  const top = found.stdout.replace(/\n$/, "");
  if (found.exitCode !== 0 || !(git.directory === top || git.directory.startsWith(`${top === "/" ? "" : top}/`))) {
    throw new RbuildError("iso.not-a-git-tree", `${git.directory} is not inside a Git work tree`, {
      category: "invalid",
      hint: `git -C ${git.directory} init && git -C ${git.directory} add -A && git -C ${git.directory} commit`,
      details: { directory: git.directory, git: found.stderr.trim() },
    });
  }
  const head = await git.run(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], { okCodes: [0, 1, 128] });
  if (head.exitCode !== 0) {
    throw new RbuildError("iso.no-commit", `the Git work tree ${top} has no commit yet`, {
      category: "invalid",
      hint: `git -C ${top} add -A && git -C ${top} commit`,
      details: { top },
    });
  }
  return { top, directory: git.directory };
}

/**
 * Reads the facts of the tree that `directory` is in.
 * @param options.ignore path below `directory` that counts as no change: rbuild's own output
 */
export async function readGitFacts(directory: string, options: { readonly ignore?: string; readonly signal?: AbortSignal } = {}): Promise<GitFacts> {
  const git = await openGit(directory, options);
  await findGitTree(git);
  const [commit = "", date = ""] = (await git.run(["log", "-1", "--no-show-signature", "--format=%H %ct", "HEAD"])).stdout.trim().split(" ");
  const branch = (await git.run(["symbolic-ref", "--quiet", "HEAD"], { okCodes: [0, 1] })).stdout.trim() || undefined;
  const tag = await tagAtHead(git);
  const changedFiles = await findChanges(directory, options);
  return {
    commit,
    ref: branch ?? (tag === undefined ? undefined : `refs/tags/${tag}`),
    tag,
    baseBranch: await findBaseBranch(git, branch),
    changedFiles,
    isRelease: tag !== undefined && changedFiles.length === 0,
    sourceDateEpoch: Number(date),
  };
}

async function tagAtHead(git: Git): Promise<string | undefined> {
  const format = "%(objecttype) %(refname:strip=2)";
  const { stdout } = await git.run(["for-each-ref", "--points-at=HEAD", "--sort=-version:refname", `--format=${format}`, "refs/tags"]);
  const tags = stdout.split("\n").filter((line) => line !== "");
  const chosen = tags.find((line) => line.startsWith("tag ")) ?? tags[0];
  return chosen?.slice(chosen.indexOf(" ") + 1);
}
