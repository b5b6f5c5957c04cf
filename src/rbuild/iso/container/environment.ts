import type { GitFacts } from "../git/git-facts.ts";
import { CONTAINER } from "./paths.ts";

export interface EnvironmentFacts {
  readonly git: GitFacts;
  /** Of rbuild.yaml; its names were checked not to collide. */
  readonly own: Readonly<Record<string, string>>;
  /** URLs by archive; RBUILD_MIRROR is that of `debian`. */
  readonly mirrors: ReadonlyMap<string, string>;
  /** URL of the proxy for packages. */
  readonly proxy: string | undefined;
}

/** The variables that a build sees, `KEY=value` in byte order. Facts that are unknown are empty; mirrors and http_proxy are left out then. */
export function buildEnvironment({ git, own, mirrors, proxy }: EnvironmentFacts): string[] {
  const variables: Record<string, string | undefined> = {
    ...own,
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
    SOURCE_DATE_EPOCH: String(git.sourceDateEpoch),
    RBUILD_SCRATCH: CONTAINER.scratch,
    RBUILD_OUTPUT: CONTAINER.output,
    RBUILD_GIT_COMMIT: git.commit,
    RBUILD_GIT_REF: git.ref ?? "",
    RBUILD_GIT_TAG: git.tag ?? "",
    RBUILD_GIT_BASE_BRANCH: git.baseBranch?.name ?? "",
    RBUILD_GIT_BASE_COMMIT: git.baseBranch?.mergeBase ?? "",
    RBUILD_GIT_DIRTY: git.changedFiles.length > 0 ? "1" : "0",
    ...Object.fromEntries([...mirrors].map(([archive, url]) => [mirrorVariable(archive), url])),
    http_proxy: proxy,
  };
  return Object.keys(variables)
    .sort((a, b) => (a < b ? -1 : 1))
    .flatMap((key) => (variables[key] === undefined ? [] : [`${key}=${variables[key]}`]));
}

/** `RBUILD_MIRROR_DEBIAN_SECURITY` for `debian-security`. */
const mirrorVariable = (archive: string): string => (archive === "debian" ? "RBUILD_MIRROR" : `RBUILD_MIRROR_${archive.toUpperCase().replaceAll("-", "_")}`);
