import { type Clock, pathExists, RbuildError } from "../../../system/index.ts";
import type { RbuildReport } from "../../events.ts";
import { FETCH_LIMITS, type FetchLimits } from "../../pool/fetch-limits.ts";
import { openConnections } from "../../pool/http-connections.ts";
import type { PoolSource } from "../../pool/pool.ts";
import { noSpace } from "../../pool/pool-errors.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import type { CurrentRepository, StaleRepository } from "../../trust/client/verdict.ts";
import { type MetadataSource, openDirectorySource, openTrustStore, updateTrust } from "../../trust/index.ts";
import { accepted } from "../../trust/refusal.ts";
import { type BundleSource, openBundleSource } from "../bundle/open-bundle-source.ts";
import { openHttpSource } from "./http-source.ts";
import { mayFollow } from "./may-follow.ts";
import { placeName, poolSourceOf, type RepositoryPlace } from "./repository-place.ts";

export interface RepositoryDependencies {
  /** Of the checkout, from version 1 up; `readCheckout` gives them. */
  readonly roots: readonly TrustedRoot[];
  readonly stateDirectory: string;
  readonly report: RbuildReport;
  readonly clock: Clock;
  /** What is remembered of repositories. Default: that of the state directory. */
  readonly openStore?: typeof openTrustStore;
  readonly limits?: FetchLimits;
  readonly signal?: AbortSignal;
}

/** A repository whose index is signed, and where its files may be had, best first. */
export interface OpenRepository {
  readonly verdict: CurrentRepository | StaleRepository;
  /** Whose word the index is. */
  readonly source: string;
  readonly sources: readonly PoolSource[];
  /** The same places, for what no index names. */
  readonly metadata: readonly MetadataSource[];
  /** Whether a file can be had at all: a bundle has not all of them. */
  readonly mayHave: (path: string) => boolean;
  /** Closes bundles and connections. */
  readonly [Symbol.asyncDispose]: () => Promise<void>;
}

interface Failed {
  readonly place: RepositoryPlace;
  readonly error: RbuildError;
}

/**
 * Asks the places, which are mirrors of one repository, one after the other, until one has a state that can be believed to be the newest;
 * else takes the first that is authentic, with a warning. A place that is refused is reported and left.
 * @throws RbuildError `repository.unreachable` and codes `trust.*`: the attack, where one of them looks like one
 */
export async function openRepository(places: readonly RepositoryPlace[], dependencies: RepositoryDependencies): Promise<OpenRepository> {
  const { report, limits = FETCH_LIMITS } = dependencies;
  await using opened = new AsyncDisposableStack();
  const connections = opened.use(openConnections(limits, mayFollow));
  const bundles = new Map<RepositoryPlace, BundleSource>();
  const failed: Failed[] = [];
  const stale: { readonly place: RepositoryPlace; readonly verdict: StaleRepository }[] = [];
  for (const place of places) {
    try {
      const verdict = await ask(await sourceOf(place), dependencies);
      if (verdict.kind === "current") return found(place, verdict);
      stale.push({ place, verdict });
    } catch (error) {
      if (!(error instanceof RbuildError) || (error.category !== "untrusted" && error.category !== "unavailable") || isOurs(error)) throw error;
      failed.push({ place, error });
      if (places.length > 1) report({ kind: "warning.raised", code: error.code, message: `${placeName(place)} is left out: ${error.message}` });
    }
  }
  const best = stale.find(({ verdict }) => !verdict.isLapsed) ?? stale[0];
  if (!best) throw refusalOf(failed);
  const { code, message, hint } = best.verdict.reason;
  report({ kind: "warning.raised", code, message: `${placeName(best.place)}: ${message}`, ...(hint === undefined ? {} : { hint }) });
  return found(best.place, best.verdict);

  function found(place: RepositoryPlace, verdict: OpenRepository["verdict"]): OpenRepository {
    const left = new Set([place, ...failed.map((each) => each.place)]);
    const kept = opened.move();
    // A bundle that was not asked is not open.
    const used = [place, ...places.filter((each) => !left.has(each) && (each.kind !== "bundle" || bundles.has(each)))];
    const isPartial = used.every((each) => each.kind === "bundle");
    return {
      verdict,
      metadata: used.map(metadataOf),
      source: placeName(place),
      sources: used.map((each) => poolSourceOf(each, bundles.get(each))),
      mayHave: (path) => !isPartial || used.some((each) => bundles.get(each)?.sizeOf(path) !== undefined),
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    };
  }

  function metadataOf(place: RepositoryPlace): MetadataSource {
    if (place.kind === "http") return openHttpSource(place, { connections, limits, signal: dependencies.signal });
    if (place.kind === "directory") return openDirectorySource(place.path);
    return (bundles.get(place) as BundleSource).metadata;
  }

  async function sourceOf(place: RepositoryPlace): Promise<MetadataSource> {
    if (place.kind === "directory" && !(await pathExists(place.path))) throw noSuchPlace(place.path);
    if (place.kind === "bundle") bundles.set(place, opened.use(await openBundleSource(place.path)));
    return metadataOf(place);
  }
}

async function ask(repository: MetadataSource, { roots, stateDirectory, clock, signal, openStore = openTrustStore }: RepositoryDependencies) {
  signal?.throwIfAborted();
  const [first] = roots;
  if (!first) throw new TypeError("a checkout has a root");
  try {
    await using store = await openStore(stateDirectory, first.digest, signal ? { signal } : {});
    return accepted(await updateTrust({ checkout: roots, repository, store, clock }));
  } catch (error) {
    throw noSpace(error, stateDirectory);
  }
}

function noSuchPlace(path: string): RbuildError {
  return new RbuildError("repository.unreachable", `there is no directory or bundle ${path}`, {
    category: "unavailable",
    hint: `see that it is mounted, and called so: ls -d ${path}`,
    details: { path },
  });
}

const OURS = new Set(["trust.state-damaged", "trust.clock-ahead", "trust.clock-behind", "trust.no-root", "pool.no-space"]);

/** It says something of this machine, which another mirror does not mend. */
function isOurs({ code }: RbuildError): boolean {
  return OURS.has(code);
}

/** An attack before what merely does not work. */
function refusalOf(failed: readonly Failed[]): RbuildError {
  const [first] = failed;
  if (!first) throw new TypeError("a repository has a place");
  if (failed.length === 1) return first.error;
  const { error } = failed.find((each) => each.error.category === "untrusted") ?? first;
  const reasons = failed.map((each) => `\n  ${placeName(each.place)}: ${each.error.message} [${each.error.code}]`);
  return new RbuildError(error.code, `none of ${failed.length} mirrors can be used:${reasons.join("")}`, {
    category: error.category,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
    details: { mirrors: failed.map((each) => ({ source: placeName(each.place), code: each.error.code, message: each.error.message })) },
  });
}
