import { join } from "node:path";
import { ensureImage } from "../images/ensure-image.ts";
import type { EnsuredImage } from "../images/image-operations.ts";
import type { ContainerPlan } from "./container/build-container.ts";
import { buildEnvironment } from "./container/environment.ts";
import { type Probe, probe } from "./container/probe.ts";
import { planSourceMounts } from "./container/source-mounts.ts";
import type { Staging } from "./export/export-build.ts";
import type { IsoDependencies, IsoOptions, ProxyChoice } from "./iso.ts";
import type { BuildId } from "./life/build-id.ts";
import type { Project } from "./preflight/preflight.ts";
import { PROXY_IMAGE } from "./proxy/proxy-container.ts";
import type { ProxyRequests } from "./proxy/proxy-log.ts";
import { networkOf, openSupply, planSupply } from "./supply/open-supply.ts";

/** Everything a build starts from. */
export interface PreparedBuild {
  readonly images: readonly EnsuredImage[];
  readonly proxy: ProxyChoice;
  /** What the build has asked the package proxy for; undefined where that is not noted. */
  readonly requests: (() => Promise<ProxyRequests>) | undefined;
  readonly probe: Probe;
  /** For the build's container; capabilities that the host lacks are not taken out yet. */
  readonly plan: Omit<ContainerPlan, "role" | "command">;
}

/**
 * Makes sure of the images, asks the tree's make what it has, and starts the package proxy.
 * @param cleanUp takes what must go when the build ends
 */
export async function prepareBuild(
  { id, project, staging }: { readonly id: BuildId; readonly project: Project; readonly staging: Staging },
  options: IsoOptions,
  dependencies: IsoDependencies,
  { signal, cleanUp }: { readonly signal: AbortSignal; readonly cleanUp: AsyncDisposableStack },
): Promise<PreparedBuild> {
  const { config, directory } = project;
  const { places, keys, isExplicit } = options.repositories ?? { places: config.repositories, keys: join(directory, "keys"), isExplicit: false };
  const quorum = [...(options.quorum ?? []), ...(config.quorum === undefined ? [] : [config.quorum])];
  const fetching = {
    ...(places.length > 0 ? { repositories: { places, keys, isExplicit, quorum } } : {}),
    ...(options.sources ? { sources: options.sources } : {}),
    ...(options.offline ? { offline: true } : {}),
  };
  const ensure = (name: string) => ensureImage({ name, signal, allowMismatch: options.allowBaseMismatch ?? false, ...fetching }, dependencies);
  const builder = await ensure(config.builder);
  const supply = await planSupply(project.supply, config, options, dependencies, signal);
  const proxyImage = supply.content && (await ensure(PROXY_IMAGE));

  const source = await planSourceMounts(directory, { staging: staging.directory, submodules: project.submodules, output: project.output.insideTree });
  const base = { buildId: id, tree: directory, stateDirectory: dependencies.stateDirectory, imageId: builder.imageId, source };
  const facts = { git: project.git, own: config.environment, mirrors: supply.mirrors };
  const probed = await probe(
    dependencies.containerHost,
    { ...base, environment: buildEnvironment({ ...facts, proxy: undefined }) },
    { makefile: project.makefile, target: project.target, signal },
  );

  const build = { id, tree: directory, imageId: proxyImage?.imageId, config, options };
  const { proxyUrl, reach, requests } = await openSupply(supply, build, dependencies, { signal, cleanUp });
  return {
    images: [builder, ...(proxyImage ? [proxyImage] : [])],
    proxy: supply.proxy,
    requests,
    probe: probed,
    plan: {
      ...base,
      environment: buildEnvironment({ ...facts, proxy: proxyUrl }),
      output: staging.artifacts,
      capabilities: config.capabilities,
      devices: config.devices,
      network: networkOf(project.supply, config, options),
      ...(reach ? { proxy: reach } : {}),
      ...(project.scratchMemory === undefined ? {} : { scratchMemory: project.scratchMemory }),
      ...(config.memory === undefined ? {} : { memory: config.memory }),
    },
  };
}
