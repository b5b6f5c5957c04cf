import type { RbuildYaml } from "../config/schema.ts";
import type { IsoDependencies, IsoOptions, ProxyChoice } from "../iso.ts";
import type { BuildId } from "../life/build-id.ts";
import { openLockedArchive } from "../locked/open-archive.ts";
import { parseProxyChoice, resolveProxy } from "../proxy/choose-proxy.ts";
import { lockedUrl, type ProxyContent } from "../proxy/proxy-container.ts";
import type { ProxyRequests } from "../proxy/proxy-log.ts";
import { type ProxyReach, startProxy } from "../proxy/start-proxy.ts";
import type { PackageSupply } from "./choose-supply.ts";
import { findArchiveMirrors, findBuildMirrors, findLockedSources } from "./find-mirrors.ts";

/** How a build is to get its packages: decided, and nothing started yet. */
export interface PlannedSupply {
  readonly proxy: ProxyChoice;
  /** URLs that the build is told, by archive. */
  readonly mirrors: ReadonlyMap<string, string>;
  /** What a proxy container answers with; undefined when none is needed. */
  readonly content: PlannedContent | undefined;
}

/** A locked archive gets its directory and network when it is started. */
type PlannedContent = Exclude<ProxyContent, { kind: "locked" }> | { readonly kind: "locked"; readonly supply: Extract<PackageSupply, { kind: "locked" }> };

/** @throws RbuildError `mirror.invalid-url`, `mirror.not-found` (for a recording), `proxy.on-loopback` */
export async function planSupply(
  supply: PackageSupply,
  config: RbuildYaml,
  options: IsoOptions,
  dependencies: IsoDependencies,
  signal: AbortSignal,
): Promise<PlannedSupply> {
  if (networkOf(supply, config, options) === "none") return { proxy: { kind: "none" }, mirrors: new Map(), content: undefined };
  const lockedMirrors = (archives: Iterable<string>) => new Map([...archives].map((archive) => [archive, lockedUrl(archive)]));
  if (supply.kind === "locked") {
    const archives = supply.lock.archives.map(({ archive }) => archive);
    return { proxy: { kind: "link" }, mirrors: lockedMirrors(archives), content: { kind: "locked", supply } };
  }
  const choice = { mirrors: options.sources?.mirrors ?? new Map<string, string>(), signal };
  if (supply.kind === "recorded") {
    const found = await findArchiveMirrors(supply.wanted.suites, choice);
    const [first] = found.values();
    const resolved = resolveProxy({ kind: "link" }, first?.proxy, dependencies.report);
    const archives = new Map([...found].map(([archive, { url }]) => [archive, url]));
    return { proxy: resolved, mirrors: lockedMirrors(archives.keys()), content: { kind: "recorded", upstream: upstreamOf(resolved), archives } };
  }
  const found = await findBuildMirrors({ builder: config.builder, suites: config.lock?.suites ?? [] }, choice, dependencies);
  const resolved = resolveProxy(options.proxy ?? parseProxyChoice(config.proxy), found.get("debian")?.proxy, dependencies.report);
  const mirrors = new Map([...found].map(([archive, { url }]) => [archive, url]));
  return { proxy: resolved, mirrors, content: resolved.kind === "link" ? { kind: "any", upstream: upstreamOf(resolved) } : undefined };
}

/** Offline a build has its locked packages or nothing. */
export function networkOf(supply: PackageSupply, { network }: RbuildYaml, { offline }: IsoOptions): RbuildYaml["network"] {
  return offline && supply.kind === "mirror" ? "none" : network;
}

/** A build's packages, ready to be asked for. */
export interface OpenSupply {
  /** Of the package proxy. */
  readonly proxyUrl: string | undefined;
  readonly reach: ProxyReach | undefined;
  /** What was asked for until now; undefined where that is not noted. */
  readonly requests: (() => Promise<ProxyRequests>) | undefined;
}

/**
 * Starts what a planned supply needs; `cleanUp` ends it.
 * @throws RbuildError codes `pool.*`, `lock.*`, `proxy.*`
 */
export async function openSupply(
  { proxy, content }: PlannedSupply,
  build: {
    readonly id: BuildId;
    readonly tree: string;
    readonly imageId: string | undefined;
    readonly config: RbuildYaml;
    readonly options: IsoOptions;
  },
  dependencies: IsoDependencies,
  { signal, cleanUp }: { readonly signal: AbortSignal; readonly cleanUp: AsyncDisposableStack },
): Promise<OpenSupply> {
  if (!content || build.imageId === undefined) return { proxyUrl: proxy.kind === "url" ? proxy.url : undefined, reach: undefined, requests: undefined };
  const owner = { buildId: build.id, tree: build.tree, stateDirectory: dependencies.stateDirectory };
  const open = content.kind === "locked" ? await openLocked(content.supply) : content;
  const running = cleanUp.use(await startProxy({ ...owner, imageId: build.imageId, content: open }, dependencies, signal));
  return { proxyUrl: running.url, reach: running.reach, requests: content.kind === "any" ? undefined : () => running.requests() };

  async function openLocked({ lock }: Extract<PackageSupply, { kind: "locked" }>): Promise<ProxyContent> {
    const fill = { sources: () => findLockedSources(lock, build, signal), ...(build.options.offline ? { offline: true } : {}), signal };
    const { directory } = cleanUp.use(await openLockedArchive({ id: build.id, tree: build.tree, lock }, fill, dependencies));
    return { kind: "locked", directory, archives: [...new Set(lock.archives.map(({ archive }) => archive))] };
  }
}

const upstreamOf = (proxy: ProxyChoice): string | undefined => (proxy.kind === "link" ? proxy.upstream : undefined);
