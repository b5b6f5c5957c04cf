import { join } from "node:path";
import { pathExists } from "../../system/index.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import { ifSound, readDefinitions, surveyDefinitions } from "../definition/find-definition.ts";
import type { RepositoryChoice } from "../images/image-operations.ts";
import { RBUILD_YAML, readRbuildYaml } from "../iso/config/read-rbuild-yaml.ts";
import { PROXY_IMAGE } from "../iso/proxy/proxy-container.ts";
import { poolDirectory, viewPool } from "../pool/open-pool.ts";
import { type ExplainDependencies, type ExplainedLevel, explainImage } from "./explain-image.ts";
import { explainTree } from "./explain-tree.ts";
import type { Explanation, ImageExplanation } from "./explanation.ts";

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
  const ofTree: RepositoryChoice | undefined =
    config && config.repositories.length > 0 ? { places: config.repositories, keys: join(directory, "keys"), isExplicit: false } : undefined;
  const chosen = repositories ?? ofTree;
  const quorum = [...(chosen?.quorum ?? []), ...(config?.quorum === undefined ? [] : [config.quorum])];
  const dependencies = {
    containerHost: host.containerHost,
    stateDirectory: host.stateDirectory,
    repositories: chosen && { ...chosen, quorum },
    pool: viewPool(poolDirectory(host.stateDirectory)),
  };
  if (names.length > 0) return { tree: undefined, images: await explainImages(names, imageDirectories, dependencies), broken: [] };
  if (!config) {
    return { tree: undefined, ...(await explainDefined(imageDirectories, dependencies)) };
  }
  // Locked packages come through the proxy's container as well.
  const usesProxy = config.network !== "none" && (config.lock !== undefined || config.proxy.startsWith("link"));
  const needed = [config.builder, ...(usesProxy ? [PROXY_IMAGE] : [])];
  const images = await explainImages(needed, imageDirectories, dependencies);
  return { tree: await explainTree(directory, config, images, dependencies.pool), images, broken: [] };
}

/** All that are defined. */
async function explainDefined(imageDirectories: readonly string[], dependencies: ExplainDependencies): Promise<Pick<Explanation, "images" | "broken">> {
  const known: KnownLevels = new Map();
  const { located, broken } = await surveyDefinitions(imageDirectories);
  const faults = [...broken];
  for (const { definition } of located) {
    const explained = await ifSound(definition.name, () => explainImages([definition.name], imageDirectories, dependencies, known));
    if ("error" in explained) faults.push(explained);
  }
  return { images: explanations(known), broken: faults.map(({ name, error: { code, message } }) => ({ name, code, message })) };
}

type KnownLevels = Map<string, ExplainedLevel>;

async function explainImages(
  names: readonly string[],
  imageDirectories: readonly string[],
  dependencies: ExplainDependencies,
  known: KnownLevels = new Map(),
): Promise<ImageExplanation[]> {
  for (const name of names) {
    let below: ExplainedLevel | undefined;
    for (const located of await readDefinitions(name, imageDirectories)) {
      const key = located.definition.name;
      below = known.get(key) ?? (await explainImage(located, below, dependencies));
      known.set(key, below);
    }
  }
  return explanations(known);
}

const explanations = (known: KnownLevels): ImageExplanation[] => [...known.values()].map(({ explanation }) => explanation);
