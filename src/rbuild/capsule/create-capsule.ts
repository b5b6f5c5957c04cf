import { dirname, join, relative, resolve } from "node:path";
import { withStep } from "../../make-runner/index.ts";
import type { Digest } from "../../oci/index.ts";
import { makeTempDirectory, RbuildError } from "../../system/index.ts";
import type { RbuildReport } from "../events.ts";
import { COMPATIBILITY_VERSION } from "../images/compatibility.ts";
import { readRbuildYaml } from "../iso/config/read-rbuild-yaml.ts";
import { openGit } from "../iso/git/git.ts";
import { findGitTree, readGitFacts } from "../iso/git/git-facts.ts";
import { lockedItems } from "../iso/locked/locked-items.ts";
import { checkSpace } from "../iso/preflight/free-space.ts";
import { resolveOutput } from "../iso/preflight/output-directory.ts";
import { chooseSupply } from "../iso/supply/choose-supply.ts";
import { rbuildVersion } from "../iso/tool-versions.ts";
import { hostArchitecture } from "../lock/architectures.ts";
import { fillPool } from "../pool/fill-pool.ts";
import { itemsOf, wantedSourcesOf } from "../pool/locked-images.ts";
import { itemPath, openPool, poolDirectory } from "../pool/open-pool.ts";
import type { Pool, PoolItem } from "../pool/pool.ts";
import { findSources, type SourceChoice } from "../pool/sources.ts";
import { type CapsuleSource, fileSource, textSource, writeCapsule } from "./capsule-archive.ts";
import { imagesOfTree, pinnedImages } from "./capsule-images.ts";
import type { CapsuleManifest } from "./capsule-manifest.ts";
import { BUILD_SCRIPT, buildScript, POOL, PROGRAM, README, readmeText, TREE_BUNDLE } from "./capsule-texts.ts";
import { readExpectedArtifacts } from "./expected-artifacts.ts";
import { listProgramFiles } from "./program-files.ts";
import { readTreeRefs, writeTreeBundle } from "./tree-bundle.ts";

export interface CreateCapsuleOptions {
  /** The capsule: replaced when it is there. */
  readonly file: string;
  /** Directory that has rbuild.yaml, inside a Git work tree. */
  readonly directory: string;
  /** Where the last build's artifacts are, whose digests are noted; default `out` below `directory`. */
  readonly output?: string;
  readonly sources: SourceChoice;
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
}

export interface CreateCapsuleDependencies {
  readonly imageDirectories: readonly string[];
  readonly report: RbuildReport;
  readonly stateDirectory: string;
  /** Of the rbuild that goes into the capsule: has `bin/rbuild`. */
  readonly programDirectory: string;
}

export interface CreatedCapsule {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
  readonly commit: string;
  readonly images: CapsuleManifest["images"];
  /** Undefined when no build of this commit is known here. */
  readonly artifacts: CapsuleManifest["artifacts"] | undefined;
  readonly members: number;
}

/**
 * Writes all that a build of the tree at HEAD needs into one file; the same bytes for the same tree, pool and program.
 * @throws RbuildError codes `capsule.*`, `iso.*`, `lock.*`, `image.unpinned`, `pool.*`
 */
export async function createCapsule(options: CreateCapsuleOptions, dependencies: CreateCapsuleDependencies): Promise<CreatedCapsule> {
  const { report, stateDirectory } = dependencies;
  const abort = options.signal ? { signal: options.signal } : {};
  const path = resolve(options.file);
  const tree = await readTree(options, dependencies);
  const items = uniqueItems([...itemsOf(tree.images), ...(tree.lock ? lockedItems(tree.lock) : [])]);
  const pool = await openPool(poolDirectory(stateDirectory));
  const sources = () => findSources(options.sources, wantedSources(tree), abort);
  await fillPool(items, pool, { sources, ...(options.offline ? { offline: true } : {}), ...abort }, report);

  return withStep(report, { name: "capsule.create", subject: path }, async (step) => {
    await using work = await makeTempDirectory(stateDirectory, "capsule-");
    const bundle = join(work.path, TREE_BUNDLE);
    await writeTreeBundle(tree.git, tree.facts, bundle);
    const head = await manifestHead(tree);
    const members = [
      textSource(README, readmeText(head)),
      textSource(BUILD_SCRIPT, buildScript, "0755"),
      await fileSource(TREE_BUNDLE, bundle),
      ...items.map((item) => poolSource(item, pool)),
      ...(await programSources(dependencies.programDirectory)),
    ].sort((left, right) => (left.path < right.path ? -1 : 1));
    const total = members.reduce((sum, { size }) => sum + size, 0);
    await checkSpace("the capsule", dirname(path), total);
    const manifest: CapsuleManifest = { ...head, members: members.map(({ path: member, mode, size, sha256 }) => ({ path: member, mode, size, sha256 })) };
    const onProgress = (bytes: number) => step.progress(Math.min(bytes, total), "bytes", total);
    const written = await writeCapsule(path, manifest, members, { onProgress, ...abort });
    return { path, ...written, commit: tree.facts.commit, images: head.images, artifacts: head.artifacts, members: members.length };
  });
}

type Tree = Awaited<ReturnType<typeof readTree>>;

async function readTree({ directory, output, signal }: CreateCapsuleOptions, { imageDirectories, report }: CreateCapsuleDependencies) {
  const git = await openGit(directory, signal ? { signal } : {});
  const found = await findGitTree(git);
  const config = await readRbuildYaml(found.directory);
  const out = await resolveOutput(output ?? join(found.directory, "out"), found.directory);
  const facts = await readGitFacts(found.directory, out.insideTree === undefined ? {} : { ignore: out.insideTree });
  if (facts.changedFiles.length > 0) throw dirty(found.directory, facts.changedFiles);
  const supply = await chooseSupply({ directory: found.directory, wanted: config.lock, purpose: "build", ignoresLock: false, tag: facts.tag }, report);
  if (supply.kind !== "locked" && config.network !== "none") throw notLocked(found.directory, config.lock !== undefined);
  const images = await imagesOfTree(config, imageDirectories);
  return {
    git,
    config,
    images,
    pinned: await pinnedImages(images),
    facts: await readTreeRefs(git, facts),
    lock: supply.kind === "locked" ? supply.lock : undefined,
    directory: relative(found.top, found.directory) || ".",
    output: out.path,
  };
}

async function manifestHead({ facts, config, directory, pinned, output }: Tree): Promise<Omit<CapsuleManifest, "members">> {
  const tree = { ...facts, directory, target: config.target };
  const artifacts = await readExpectedArtifacts(output, tree);
  return {
    kind: "org.rbuild.capsule",
    schema: 1,
    architecture: hostArchitecture(),
    tools: { rbuild: await rbuildVersion(), node: process.versions.node, compatibilityVersion: COMPATIBILITY_VERSION },
    tree,
    images: pinned,
    ...(artifacts === undefined ? {} : { artifacts }),
  };
}

function wantedSources({ images, lock, config }: Tree) {
  const ofImages = wantedSourcesOf(images);
  const ofTree = (config.lock?.suites ?? []).map(({ archive, suite, url }) => ({ archive, suite, ...(url === undefined ? {} : { url }) }));
  return { archives: [...ofImages.archives, ...ofTree], lockedAt: [...ofImages.lockedAt, ...(lock ? [lock.lockedAt] : [])] };
}

/** Each content once: an archive may have one file under two names. */
function uniqueItems(items: readonly PoolItem[]): PoolItem[] {
  return [...new Map(items.map((item) => [item.sha256, item])).values()];
}

function poolSource(item: PoolItem, pool: Pool): CapsuleSource {
  return { path: `${POOL}/${itemPath(item.sha256)}`, mode: "0644", size: item.size, sha256: item.sha256, open: () => pool.read(item) };
}

async function programSources(root: string): Promise<CapsuleSource[]> {
  const sources: CapsuleSource[] = [];
  for (const { path, isExecutable } of await listProgramFiles(root)) {
    sources.push(await fileSource(`${PROGRAM}/${path}`, join(root, path), isExecutable ? "0755" : "0644"));
  }
  return sources;
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
