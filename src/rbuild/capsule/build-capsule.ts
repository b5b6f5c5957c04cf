import { join, relative } from "node:path";
import { withStep } from "../../make-runner/index.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import type { RbuildReport } from "../events.ts";
import { buildImage } from "../images/build-image.ts";
import { buildIso } from "../iso/build-iso.ts";
import { readGitFacts } from "../iso/git/git-facts.ts";
import type { SourceChoice } from "../pool/sources.ts";
import type { CapsuleManifest } from "./capsule-manifest.ts";
import { POOL, PROGRAM, TREE_BUNDLE } from "./capsule-texts.ts";
import type { OpenCapsule } from "./open-capsule.ts";
import { checkFacts, restoreTree } from "./tree-bundle.ts";

export interface BuildCapsuleOptions {
  /** Where the artifacts go. */
  readonly output: string;
  /** An empty directory to work in. */
  readonly work: string;
  /** Leave the tree's build out. */
  readonly imagesOnly?: boolean;
  readonly signal?: AbortSignal;
}

export interface BuildCapsuleDependencies {
  readonly containerHost: ContainerHost;
  readonly stateDirectory: string;
  readonly report: RbuildReport;
}

/** One thing that a capsule says what it must become. `found` is undefined where there is none of it. */
interface Compared {
  readonly expected?: string;
  readonly found?: string;
}

export interface CapsuleVerdict {
  /** `unknown`: everything that can be compared is identical, and the capsule does not say what the artifacts were. */
  readonly kind: "identical" | "different" | "unknown";
  readonly commit: string;
  readonly images: readonly ({ readonly name: string } & Compared)[];
  /** Of both, in order of the paths' bytes. */
  readonly artifacts: readonly ({ readonly path: string } & Compared)[];
}

/**
 * Builds the images of a capsule from their locks, then its tree, from nothing but the capsule, and compares with what it expects.
 * @throws RbuildError `capsule.tree-differs`, and those of `buildImage` and `buildIso`
 */
export async function buildCapsule(
  { directory, manifest }: OpenCapsule,
  options: BuildCapsuleOptions,
  dependencies: BuildCapsuleDependencies,
): Promise<CapsuleVerdict> {
  const { report } = dependencies;
  const abort = options.signal ? { signal: options.signal } : {};
  const tree = join(options.work, "tree");
  await restoreTree(join(directory, TREE_BUNDLE), manifest.tree, tree);
  const project = join(tree, manifest.tree.directory);
  checkFacts(manifest.tree, await readGitFacts(project, abort));

  const sources: SourceChoice = { pools: [join(directory, POOL)] };
  const imageDirectories = [join(project, "images"), join(directory, PROGRAM, "images")];
  const shared = { ...dependencies, imageDirectories };
  return withStep(report, { name: "capsule.build", subject: manifest.tree.tag ?? manifest.tree.commit.slice(0, 12) }, async () => {
    const images = [];
    for (const { name, digest } of manifest.images) {
      const built = await buildImage({ name, offline: true, sources, ...abort }, shared);
      images.push({ name, expected: digest, found: built.digest });
    }
    const isSame = images.every(({ expected, found }) => expected === found);
    if (!isSame || options.imagesOnly)
      return { kind: isSame ? ("unknown" as const) : ("different" as const), commit: manifest.tree.commit, images, artifacts: [] };
    const result = await buildIso({ directory: project, target: manifest.tree.target, output: options.output, sources, offline: true, ...abort }, shared);
    const made = new Map(result.artifacts.map((artifact) => [relative(options.output, artifact.path), artifact.digest]));
    const artifacts = compareArtifacts(manifest.artifacts, made);
    const kind = manifest.artifacts === undefined ? "unknown" : artifacts.every(({ expected, found }) => expected === found) ? "identical" : "different";
    return { kind, commit: manifest.tree.commit, images, artifacts };
  });
}

function compareArtifacts(expected: CapsuleManifest["artifacts"], made: ReadonlyMap<string, string>): CapsuleVerdict["artifacts"] {
  const wanted = new Map((expected ?? []).map(({ path, digest }) => [path, digest as string]));
  return [...new Set([...wanted.keys(), ...made.keys()])].sort().map((path) => {
    const [was, is] = [wanted.get(path), made.get(path)];
    return { path, ...(was === undefined ? {} : { expected: was }), ...(is === undefined ? {} : { found: is }) };
  });
}
