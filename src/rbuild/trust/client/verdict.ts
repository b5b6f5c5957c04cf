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
 * The index is signed and not older than any seen, but nobody vouches that it is the newest: a freeze, nobody renewed it, or keys have
 * expired since. What was pinned and verified stays good; "the newest" cannot be asked for.
 */
export interface StaleRepository extends Verified {
  readonly kind: "stale";
  readonly reason: Refusal;
  /** Keys have expired since they signed. Whoever finds one can date a signature back: only a digest that is known otherwise makes up for that. */
  readonly isLapsed: boolean;
}

export type RepositoryVerdict = CurrentRepository | StaleRepository | Refusal;
