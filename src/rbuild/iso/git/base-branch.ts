import type { Git } from "./git.ts";

/** The branch that the work at HEAD will go into. */
export interface BaseBranch {
  /** Short name: `main`, `origin/main`. */
  readonly name: string;
  /** Where HEAD's history left it. */
  readonly mergeBase: string;
  /** Commits since. */
  readonly ahead: number;
}

/** In this order where several are equally near. */
const COMMON_NAMES = ["main", "master", "origin/HEAD", "origin/main", "origin/master"] as const;

/**
 * Of the branch's upstream and the common names of main branches, the one whose merge base with HEAD is the fewest
 * commits away; the first of equals. A branch that is itself such a main branch is its own base.
 */
export async function findBaseBranch(git: Git, branch: string | undefined): Promise<BaseBranch | undefined> {
  const upstream = branch === undefined ? "" : (await git.run(["for-each-ref", "--format=%(upstream:short)", branch])).stdout.trim();
  const own = branch?.replace(/^refs\/heads\//, "");
  const candidates = [...(own === "main" || own === "master" ? [own] : []), ...(upstream === "" ? [] : [upstream]), ...COMMON_NAMES];
  let best: BaseBranch | undefined;
  for (const name of new Set(candidates)) {
    const found = await distance(git, name);
    if (found && (best === undefined || found.ahead < best.ahead)) best = found;
  }
  return best;
}

async function distance(git: Git, name: string): Promise<BaseBranch | undefined> {
  const ref = name.startsWith("origin/") ? `refs/remotes/${name}` : name;
  const base = await git.run(["merge-base", "--", ref, "HEAD"], { okCodes: [0, 1, 128] });
  if (base.exitCode !== 0) return undefined;
  const mergeBase = base.stdout.trim();
  const ahead = Number((await git.run(["rev-list", "--count", `${mergeBase}..HEAD`])).stdout.trim());
  return { name, mergeBase, ahead };
}
