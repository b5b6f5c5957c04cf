import type { ContentStore } from "../content/content-store.ts";
import type { SnapshotKey, Snapshotter } from "../snapshots/snapshotter.ts";

/** What garbage collection and the check of a store work on. */
export interface StoreParts {
  /** The engine's root. */
  readonly root: string;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  /**
   * Writable snapshots that a container or a build step needs now. Asked while the store is held alone, so whoever makes one must hold a
   * lease until it is told here. Left out: all are needed.
   */
  readonly usedSnapshots?: () => Promise<ReadonlySet<SnapshotKey>>;
}
