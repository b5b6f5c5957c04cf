import { join, relative, resolve } from "node:path";
import { RbuildError } from "../../system/index.ts";
import type { RbuildReport } from "../events.ts";
import { readRbuildYaml } from "../iso/config/read-rbuild-yaml.ts";
import type { RbuildYaml } from "../iso/config/schema.ts";
import { type Git, openGit } from "../iso/git/git.ts";
import { findGitTree, readGitFacts } from "../iso/git/git-facts.ts";
import { lockedItems } from "../iso/locked/locked-items.ts";
import type { TreeLock } from "../iso/locked/tree-lock.ts";
import { resolveOutput } from "../iso/preflight/output-directory.ts";
import { chooseSupply } from "../iso/supply/choose-supply.ts";
import type { LockedDefinition } from "../lock/lock-operations.ts";
import { itemsOf, wantedSourcesOf } from "../pool/locked-images.ts";
import type { PoolItem } from "../pool/pool.ts";
import type { WantedSources } from "../pool/sources.ts";
import { imagesOfTree, pinnedImages } from "./capsule-images.ts";
import type { CapsuleManifest } from "./capsule-manifest.ts";
import { readTreeRefs, type TreeRefs } from "./tree-bundle.ts";

/** A tree that can go into a capsule. */
export interface CapsuleTree {
  readonly git: Git;
  readonly config: RbuildYaml;
  readonly refs: TreeRefs;
  /** Of rbuild.yaml, below the work tree's top. */
  readonly directory: string;
  /** Where its builds put artifacts. */
  readonly output: string;
  readonly images: readonly LockedDefinition[];
  readonly pinned: CapsuleManifest["images"];
  /** Undefined for a build without network. */
  readonly lock: TreeLock | undefined;
}

/**
 * A tree at HEAD with all that says what its build is made from.
 * @throws RbuildError `capsule.tree-dirty`, `capsule.not-locked`, those of `readTreeRefs`, codes `iso.*`, `lock.*`, `image.unpinned`
 */
export async function readCapsuleTree(
  { file, directory, output, signal }: { readonly file: string; readonly directory: string; readonly output?: string; readonly signal?: AbortSignal },
  { imageDirectories, report }: { readonly imageDirectories: readonly string[]; readonly report: RbuildReport },
): Promise<CapsuleTree> {
  const git = await openGit(directory, signal ? { signal } : {});
  const found = await findGitTree(git);
  const config = await readRbuildYaml(found.directory);
  const out = await resolveOutput(output ?? join(found.directory, "out"), found.directory);
  const facts = await readGitFacts(found.directory, out.insideTree === undefined ? {} : { ignore: out.insideTree });
  // An older capsule is in nobody's way.
  const changes = facts.changedFiles.filter((path) => join(found.directory, path) !== resolve(file));
  if (changes.length > 0) throw dirty(found.directory, changes);
  const supply = await chooseSupply({ directory: found.directory, wanted: config.lock, purpose: "build", ignoresLock: false, tag: facts.tag }, report);
  if (supply.kind !== "locked" && config.network !== "none") throw notLocked(found.directory, config.lock !== undefined);
  const images = await imagesOfTree(config, imageDirectories);
  return {
    git,
    config,
    refs: await readTreeRefs(git, facts),
    directory: relative(found.top, found.directory) || ".",
    output: out.path,
    images,
    pinned: await pinnedImages(images),
    lock: supply.kind === "locked" ? supply.lock : undefined,
  };
}

/** Every package and index that the tree's build and its images need, each content once: an archive may have one file under two names. */
export function itemsOfTree({ images, lock }: CapsuleTree): PoolItem[] {
  const items = [...itemsOf(images), ...(lock ? lockedItems(lock) : [])];
  return [...new Map(items.map((item) => [item.sha256, item])).values()];
}

export function sourcesOfTree({ images, lock, config }: CapsuleTree): WantedSources {
  const ofImages = wantedSourcesOf(images);
  const ofTree = (config.lock?.suites ?? []).map(({ archive, suite, url }) => ({ archive, suite, ...(url === undefined ? {} : { url }) }));
  return { archives: [...ofImages.archives, ...ofTree], lockedAt: [...ofImages.lockedAt, ...(lock ? [lock.lockedAt] : [])] };
}

function dirty(directory: string, files: readonly string[]): RbuildError {
  const named = files.slice(0, 10).join(", ");
  return new RbuildError(
    "capsule.tree-dirty",
    `${directory} has changes that no commit has, and a capsule has a commit: ${named}${files.length > 10 ? ", …" : ""}`,
    {
      category: "refused",
      hint: "git commit or git stash them",
      details: { files: files.slice(0, 1000), count: files.length },
    },
  );
}

function notLocked(directory: string, isDeclared: boolean): RbuildError {
  return new RbuildError("capsule.not-locked", `the packages that a build of ${directory} installs are not locked, so they cannot go into a capsule`, {
    category: "refused",
    hint: `${isDeclared ? "" : "name its suites in rbuild.yaml (lock:), then "}rbuild lock, and commit what it writes`,
    details: { directory },
  });
}
