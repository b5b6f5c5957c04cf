import type { Digest } from "../../oci/index.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import type { RbuildReport } from "../events.ts";
import type { DebianArchitecture, ImageLock, LockedPackage } from "./image-lock.ts";

export interface LockDependencies {
  /** Directories with image definitions, first wins. */
  readonly imageDirectories: readonly string[];
  readonly report: RbuildReport;
  /** Lasting state of the domain: APT's indexes and the pool. */
  readonly stateDirectory: string;
}

export interface LockOptions {
  readonly name: string;
  /** Packages to move; everything else stays unless they need it to move. Default: a current lock is left alone, and without one all are chosen. */
  readonly update?: readonly string[];
  /** Choose all packages from the archive as it is now, although there is a current lock. */
  readonly refresh?: boolean;
  /** URL of the archive `debian`, by name for others: `--mirror URL`, `--mirror NAME=URL`. */
  readonly mirrors?: ReadonlyMap<string, string>;
  readonly signal?: AbortSignal;
}

/** Where a package differs: among those that are installed, or those that a Dockerfile may install. */
interface ChangePlace {
  readonly architecture: DebianArchitecture;
  readonly list: "packages" | "offers";
}

/** How one package differs between two locks. */
export type PackageChange<Package = LockedPackage> = ChangePlace &
  (
    | { readonly kind: "added"; readonly to: Package }
    | { readonly kind: "removed"; readonly from: Package }
    | { readonly kind: "changed"; readonly from: Package; readonly to: Package }
  );

export interface LockOutcome {
  readonly name: string;
  readonly lock: ImageLock;
  /** Of the lock, without the time it was made. */
  readonly digest: Digest;
  /** Of the lock file. */
  readonly path: string;
  /** False: the file says the same already and was left alone. */
  readonly changed: boolean;
  /** Against the lock that was there, in order of architecture and name. */
  readonly changes: readonly PackageChange[];
}

/** `src/rbuild/lock/lock-image.ts` is the one implementation. */
export type LockImage = (options: LockOptions, dependencies: LockDependencies) => Promise<LockOutcome>;

/** What a lock says of its definition as it is now. */
export type LockState =
  | { readonly kind: "current"; readonly lock: ImageLock; readonly digest: Digest }
  | { readonly kind: "absent" }
  /** `field` is the dotted path of the first field that differs, `from` when the image below was locked anew. */
  | { readonly kind: "stale"; readonly lock: ImageLock; readonly field: string; readonly was: string; readonly is: string };

/** An image of a chain with its current lock, for one architecture. */
export interface LockedDefinition {
  readonly located: LocatedDefinition;
  readonly lock: ImageLock;
  /** Of the lock, without the time it was made. */
  readonly lockDigest: Digest;
  readonly packages: readonly LockedPackage[];
  readonly offers: readonly LockedPackage[];
}

/** An image and those it stands on, bottom first. `src/rbuild/lock/locked-chain.ts` reads it. */
export interface LockedChain {
  readonly architecture: DebianArchitecture;
  readonly images: readonly LockedDefinition[];
}
