import { join } from "node:path";
import type { RbuildYaml } from "../iso/config/schema.ts";
import { openGit } from "../iso/git/git.ts";
import { findGitTree, readGitFacts } from "../iso/git/git-facts.ts";
import { lockedItems } from "../iso/locked/locked-items.ts";
import { resolveOutput } from "../iso/preflight/output-directory.ts";
import { chooseSupply, type PackageSupply } from "../iso/supply/choose-supply.ts";
import { missingOf } from "../pool/fill-pool.ts";
import type { Pool } from "../pool/pool.ts";
import type { ImageExplanation, LockVerdict, TreeExplanation } from "./explanation.ts";
import { refusedLock } from "./refused-lock.ts";

/** What `rbuild iso` would do with a tree whose images have been explained. @throws RbuildError `iso.not-a-git-tree`, `iso.no-commit`, `lock.invalid` */
export async function explainTree(directory: string, config: RbuildYaml, images: readonly ImageExplanation[], pool: Pool): Promise<TreeExplanation> {
  const found = await findGitTree(await openGit(directory));
  const { insideTree } = await resolveOutput(join(found.directory, "out"), found.directory);
  const git = await readGitFacts(found.directory, insideTree === undefined ? {} : { ignore: insideTree });
  const { lock, supply } = await treeLock(found.directory, config, git.tag);
  const refused = images.map(({ use }) => use).find((use) => use.kind === "refused");
  return {
    directory: found.directory,
    commit: git.commit,
    tag: git.tag,
    isRelease: git.isRelease,
    changedFiles: git.changedFiles,
    lock,
    builder: config.builder,
    pool: supply?.kind === "locked" ? await poolOf(supply, pool) : undefined,
    iso: isoConsequence(git.changedFiles, lock, supply, refused),
  };
}

async function treeLock(
  directory: string,
  { lock: wanted, network }: RbuildYaml,
  tag: string | undefined,
): Promise<{ readonly lock: TreeExplanation["lock"]; readonly supply: PackageSupply | undefined }> {
  try {
    const supply = await chooseSupply({ directory, wanted, purpose: "build", ignoresLock: false, tag }, () => {});
    if (supply.kind === "locked") return { lock: { kind: "current", digest: supply.digest }, supply };
    if (network === "none") return { lock: { kind: "none-needed" }, supply };
    return { lock: { kind: "open" }, supply };
  } catch (error) {
    return { lock: refusedLock(error), supply: undefined };
  }
}

async function poolOf({ lock }: Extract<PackageSupply, { kind: "locked" }>, pool: Pool): Promise<TreeExplanation["pool"]> {
  const { wanted, missing } = await missingOf(lockedItems(lock), pool);
  return { packages: wanted, missing: missing.length, missingBytes: missing.reduce((sum, { size }) => sum + size, 0) };
}

/** In the order in which a build comes to it. */
function isoConsequence(
  changedFiles: readonly string[],
  lock: LockVerdict | { readonly kind: "open" | "none-needed" },
  supply: PackageSupply | undefined,
  image: Extract<ImageExplanation["use"], { kind: "refused" }> | undefined,
): TreeExplanation["iso"] {
  const [first] = changedFiles;
  if (first !== undefined) {
    const others = changedFiles.length === 1 ? "" : ` and ${changedFiles.length - 1} more`;
    return {
      kind: "refused",
      code: "iso.tree-dirty",
      reason: `${first}${others} changed since the last commit`,
      hint: "git commit, or rbuild iso --ignore-changes",
    };
  }
  if (lock.kind === "refused") return { kind: "refused", code: lock.code, reason: lock.message, hint: lock.hint };
  if (image) return image;
  const reasons = supply?.kind === "mirror" && supply.objection !== undefined ? [supply.objection] : [];
  return { kind: "builds", isPublishable: reasons.length === 0, reasons };
}
