import type { Freshness } from "../format/freshness.ts";
import type { RepositoryIndex } from "../format/index-file.ts";
import type { Refusal } from "../refusal.ts";
import type { TrustedRoot } from "./root-chain.ts";

interface Verified {
  readonly root: TrustedRoot;
  readonly freshness: Freshness;
  readonly index: RepositoryIndex;
}

/** The repository's index is signed, and known to be the newest. */
export interface CurrentRepository extends Verified {
  readonly kind: "current";
}

/**
 * The index is signed and not older than any seen, but nobody vouches that it is the newest: a freeze, or nobody renewed it. What was
 * pinned and verified stays good; "the newest" cannot be asked for.
 */
export interface StaleRepository extends Verified {
  readonly kind: "stale";
  readonly reason: Refusal;
}

export type RepositoryVerdict = CurrentRepository | StaleRepository | Refusal;
