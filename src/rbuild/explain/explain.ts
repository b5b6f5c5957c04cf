import { join } from "node:path";
import { pathExists } from "../../system/index.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import { listDefinitions, readDefinitions } from "../definition/find-definition.ts";
import type { RepositoryChoice } from "../images/image-operations.ts";
import { RBUILD_YAML, readRbuildYaml } from "../iso/config/read-rbuild-yaml.ts";
import type { RbuildYaml } from "../iso/config/schema.ts";
import { openGit } from "../iso/git/git.ts";
import { findGitTree, readGitFacts } from "../iso/git/git-facts.ts";
import { lockedItems } from "../iso/locked/locked-items.ts";
import { resolveOutput } from "../iso/preflight/output-directory.ts";
import { PROXY_IMAGE } from "../iso/proxy/proxy-container.ts";
import { chooseSupply, type PackageSupply } from "../iso/supply/choose-supply.ts";
import { missingOf } from "../pool/fill-pool.ts";
import { poolDirectory, viewPool } from "../pool/open-pool.ts";
import type { Pool } from "../pool/pool.ts";
import { type ExplainDependencies, type ExplainedLevel, explainImage } from "./explain-image.ts";
import type { Explanation, ImageExplanation, LockVerdict, TreeExplanation } from "./explanation.ts";
import { refusedLock } from "./refused-lock.ts";

export interface ExplainOptions {
  /** Images; default those of the tree in `directory`, or all that are defined where there is none. */
  readonly names: readonly string[];
  readonly directory: string;
  /** Where pinned images may be had. Default: `repositories` of the tree's rbuild.yaml. */
  readonly repositories?: RepositoryChoice;
}

interface ExplainHost {
  /** Without one, what depends on the engine is left open. */
  readonly containerHost?: ContainerHost | undefined;
  readonly stateDirectory: string;
  readonly imageDirectories: readonly string[];
}

/**
 * Says why images and the tree would be built, used or refused. Changes nothing and fetches nothing.
 * @throws RbuildError codes `definition.*`, `lock.invalid`, `iso.not-a-git-tree`, `iso.no-commit`, `iso.invalid-rbuild-yaml`
 */
export async function explain({ names, directory, repositories }: ExplainOptions, { imageDirectories, ...host }: ExplainHost): Promise<Explanation> {
  const config = (await pathExists(join(directory, RBUILD_YAML))) ? await readRbuildYaml(directory) : undefined;
  const ofTree = config && config.repositories.length > 0 ? { places: config.repositories, keys: join(directory, "keys"), isExplicit: false } : undefined;
  const dependencies = {
    containerHost: host.containerHost,
    stateDirectory: host.stateDirectory,
    repositories: repositories ?? ofTree,
    pool: viewPool(poolDirectory(host.stateDirectory)),
  };
  if (names.length > 0) return { tree: undefined, images: await explainImages(names, imageDirectories, dependencies) };
  if (!config) {
    const defined = (await listDefinitions(imageDirectories)).map(({ definition }) => definition.name);
    return { tree: undefined, images: await explainImages(defined, imageDirectories, dependencies) };
  }
  // Locked packages come through the proxy's container as well.
  const usesProxy = config.network !== "none" && (config.lock !== undefined || config.proxy.startsWith("link"));
  const needed = [config.builder, ...(usesProxy ? [PROXY_IMAGE] : [])];
  const images = await explainImages(needed, imageDirectories, dependencies);
  return { tree: await explainTree(directory, config, images, dependencies.pool), images };
}

async function explainImages(names: readonly string[], imageDirectories: readonly string[], dependencies: ExplainDependencies): Promise<ImageExplanation[]> {
  const known = new Map<string, ExplainedLevel>();
  for (const name of names) {
    let below: ExplainedLevel | undefined;
    for (const located of await readDefinitions(name, imageDirectories)) {
      const key = located.definition.name;
      below = known.get(key) ?? (await explainImage(located, below, dependencies));
      known.set(key, below);
    }
  }
  return [...known.values()].map(({ explanation }) => explanation);
}

async function explainTree(directory: string, config: RbuildYaml, images: readonly ImageExplanation[], pool: Pool): Promise<TreeExplanation> {
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
