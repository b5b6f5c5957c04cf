import { dirname, join, resolve } from "node:path";
import { withStep } from "../../make-runner/index.ts";
import type { Digest } from "../../oci/index.ts";
import { makeTempDirectory } from "../../system/index.ts";
import type { RbuildReport } from "../events.ts";
import { COMPATIBILITY_VERSION } from "../images/compatibility.ts";
import { checkSpace } from "../iso/preflight/free-space.ts";
import { rbuildVersion } from "../iso/tool-versions.ts";
import { hostArchitecture } from "../lock/architectures.ts";
import { fillPool } from "../pool/fill-pool.ts";
import { itemPath, openPool, poolDirectory } from "../pool/open-pool.ts";
import type { Pool, PoolItem } from "../pool/pool.ts";
import { findSources, type SourceChoice } from "../pool/sources.ts";
import { type CapsuleSource, fileSource, textSource, writeCapsule } from "./capsule-archive.ts";
import type { CapsuleManifest } from "./capsule-manifest.ts";
import { BUILD_SCRIPT, buildScript, POOL, PROGRAM, README, readmeText, TREE_BUNDLE } from "./capsule-texts.ts";
import { type CapsuleTree, itemsOfTree, readCapsuleTree, sourcesOfTree } from "./capsule-tree.ts";
import { readExpectedArtifacts } from "./expected-artifacts.ts";
import { listProgramFiles } from "./program-files.ts";
import { writeTreeBundle } from "./tree-bundle.ts";

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
  const tree = await readCapsuleTree(options, dependencies);
  const items = itemsOfTree(tree);
  const pool = await openPool(poolDirectory(stateDirectory));
  const sources = () => findSources(options.sources, sourcesOfTree(tree), abort);
  await fillPool(items, pool, { sources, ...(options.offline ? { offline: true } : {}), ...abort }, report);

  return withStep(report, { name: "capsule.create", subject: path }, async (step) => {
    await using work = await makeTempDirectory(stateDirectory, "capsule-");
    const bundle = join(work.path, TREE_BUNDLE);
    await writeTreeBundle(tree.git, tree.refs, bundle);
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
    return { path, ...written, commit: tree.refs.commit, images: head.images, artifacts: head.artifacts, members: members.length };
  });
}

async function manifestHead({ refs, config, directory, pinned, output }: CapsuleTree): Promise<Omit<CapsuleManifest, "members">> {
  const tree = { ...refs, directory, target: config.target };
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
