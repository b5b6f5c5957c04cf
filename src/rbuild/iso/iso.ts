import type { Clock } from "../../system/index.ts";
import type { ContainerHost } from "../container-host/container-host.ts";
import type { RbuildReport } from "../events.ts";
import type { RepositoryChoice } from "../images/image-operations.ts";
import type { SourceChoice } from "../pool/sources.ts";

/** Where apt inside the build container gets its packages through. */
export type ProxyChoice =
  | { readonly kind: "none" }
  /** A container of its own; `upstream` is the proxy that it goes through itself, by default the one of the host's APT. */
  | { readonly kind: "link"; readonly upstream?: string }
  | { readonly kind: "url"; readonly url: string };

export interface IsoOptions {
  /** Directory that has rbuild.yaml, inside a Git work tree. */
  readonly directory: string;
  /** Make target; default that of rbuild.yaml. */
  readonly target?: string;
  /** Where the artifacts go; default `out` below `directory`. */
  readonly output?: string;
  readonly ignoreChanges?: boolean;
  readonly allowBaseMismatch?: boolean;
  /** Default: rbuild.yaml, else `link`. */
  readonly proxy?: ProxyChoice;
  /** Scratch on a tmpfs. Default: rbuild.yaml, else no. */
  readonly ram?: boolean;
  /** Leave the container of a failed build for `rbuild shell`. */
  readonly keep?: boolean;
  /** Where packages may be had: of `mirrors`, that of the archive `debian` is RBUILD_MIRROR by default, else the host's own. */
  readonly sources?: SourceChoice;
  /** Where pinned images that are absent may be had before they are built. Default: `repositories` of rbuild.yaml. */
  readonly repositories?: RepositoryChoice;
  /** Rebuilders who must have got the same as what is fetched, besides what root and rbuild.yaml want. */
  readonly quorum?: NonNullable<RepositoryChoice["quorum"]>;
  /** Use no network: a locked package that is missing is an error, and a tree without a lock is built without any. */
  readonly offline?: boolean;
  /** Take packages from the mirror although the tree has them locked. */
  readonly ignoreLock?: boolean;
  readonly signal?: AbortSignal;
}

export interface IsoDependencies {
  readonly containerHost: ContainerHost;
  /** Directories with image definitions, first wins: the tree's own `images`, then those that come with rbuild. */
  readonly imageDirectories: readonly string[];
  readonly report: RbuildReport;
  /** Locks and kept builds: lasting state of the domain, outside the engine's. */
  readonly stateDirectory: string;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export interface Artifact {
  /** Absolute. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:…` of its bytes. */
  readonly digest: string;
}

export interface IsoResult {
  readonly artifacts: readonly Artifact[];
  readonly manifestPath: string;
  readonly logPath: string;
  readonly checksumsPath: string;
  readonly publishable: boolean;
  /** Why not; empty when publishable. */
  readonly reasons: readonly string[];
}

/** `buildIso` in build-iso.ts is the one implementation. */
export type BuildIso = (options: IsoOptions, dependencies: IsoDependencies) => Promise<IsoResult>;
