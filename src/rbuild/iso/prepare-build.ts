import { isRbuildError } from "../../system/index.ts";
import { readChain } from "../definition/find-definition.ts";
import { ensureImage } from "../images/ensure-image.ts";
import type { EnsuredImage } from "../images/image-operations.ts";
import { findMirror, type Mirror } from "../mirror/find-mirror.ts";
import type { ContainerPlan } from "./container/build-container.ts";
import { buildEnvironment } from "./container/environment.ts";
import { type Probe, probe } from "./container/probe.ts";
import { planSourceMounts } from "./container/source-mounts.ts";
import type { Staging } from "./export/export-build.ts";
import type { IsoDependencies, IsoOptions, ProxyChoice } from "./iso.ts";
import type { BuildId } from "./life/build-id.ts";
import type { Project } from "./preflight/preflight.ts";
import { parseProxyChoice, resolveProxy } from "./proxy/choose-proxy.ts";
import { PROXY_IMAGE } from "./proxy/proxy-container.ts";
import { startProxy } from "./proxy/start-proxy.ts";

/** Everything a build starts from. */
export interface PreparedBuild {
  readonly images: readonly EnsuredImage[];
  readonly proxy: ProxyChoice;
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
  const { report } = dependencies;
  const { config, directory } = project;
  const ensure = (name: string) =>
    ensureImage(
      { name, signal, allowMismatch: options.allowBaseMismatch ?? false, ...(options.mirror === undefined ? {} : { mirror: options.mirror }) },
      dependencies,
    );
  const builder = await ensure(config.builder);
  const mirror = config.network === "none" ? undefined : await mirrorFor(config.builder, options, dependencies, signal);
  const chosen = config.network === "none" ? ({ kind: "none" } as const) : (options.proxy ?? parseProxyChoice(config.proxy));
  const proxy = resolveProxy(chosen, mirror?.proxy, report);
  const proxyImage = proxy.kind === "link" ? await ensure(PROXY_IMAGE) : undefined;

  const source = await planSourceMounts(directory, { staging: staging.directory, submodules: project.submodules, output: project.output.insideTree });
  const names = { buildId: id, tree: directory, stateDirectory: dependencies.stateDirectory };
  const base = { ...names, imageId: builder.imageId, source };
  const facts = { git: project.git, own: config.environment, mirror: mirror?.url };
  const probed = await probe(
    dependencies.containerHost,
    { ...base, environment: buildEnvironment({ ...facts, proxy: undefined }) },
    {
      makefile: project.makefile,
      target: project.target,
      signal,
    },
  );

  const running = proxyImage && cleanUp.use(await startProxy({ ...names, imageId: proxyImage.imageId, upstream: upstreamOf(proxy) }, dependencies, signal));
  const environment = buildEnvironment({ ...facts, proxy: running?.url ?? (proxy.kind === "url" ? proxy.url : undefined) });
  return {
    images: [builder, ...(proxyImage ? [proxyImage] : [])],
    proxy,
    probe: probed,
    plan: {
      ...base,
      environment,
      output: staging.artifacts,
      capabilities: config.capabilities,
      devices: config.devices,
      network: config.network,
      ...(running ? { link: running.link } : {}),
      ...(project.scratchMemory === undefined ? {} : { scratchMemory: project.scratchMemory }),
      ...(config.memory === undefined ? {} : { memory: config.memory }),
    },
  };
}

const upstreamOf = (proxy: ProxyChoice): string | undefined => (proxy.kind === "link" ? proxy.upstream : undefined);

/** A mirror that was not asked for and is not found is no error: not every tree needs one. */
async function mirrorFor(
  builder: string,
  options: IsoOptions,
  { imageDirectories, report }: IsoDependencies,
  signal: AbortSignal,
): Promise<Mirror | undefined> {
  const { bootstrap } = await readChain(builder, imageDirectories);
  try {
    return await findMirror({ mirror: options.mirror, suite: bootstrap.suite, signal });
  } catch (error) {
    if (!isRbuildError(error, "mirror.not-found")) throw error;
    report({
      kind: "warning.raised",
      code: error.code,
      message: `${error.message}; RBUILD_MIRROR is not set in the build`,
      ...(error.hint ? { hint: error.hint } : {}),
    });
    return undefined;
  }
}
