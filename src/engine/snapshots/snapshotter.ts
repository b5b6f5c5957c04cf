import type { ChainId, DiffId } from "../../oci/index.ts";
import type { ByteStream } from "../content/content-store.ts";

/** Name of a snapshot: the chain id of a committed stack of layers, or the id of what owns a writable one. */
export type SnapshotKey = string & { readonly __brand: "SnapshotKey" };

export interface SnapshotInfo {
  readonly key: SnapshotKey;
  readonly parent?: SnapshotKey;
  readonly kind: "committed" | "active";
}

/**
 * Stacks of file system layers. A committed snapshot never changes and is named by its chain id; an active one is writable,
 * belongs to one container or build step, and is mounted where that wants it.
 */
export interface Snapshotter {
  /**
   * Makes the committed snapshot of `parent` plus one uncompressed layer tar; idempotent. The layer's bytes are checked
   * against `diffId` before the snapshot is visible; entries that would leave the layer's own tree are refused.
   * @throws RbuildError `layer.unsafe-path`, `layer.diff-id-mismatch`, `layer.malformed`, `snapshot.not-found`
   */
  apply(layer: { readonly tar: ByteStream; readonly diffId: DiffId; readonly parent?: ChainId }, options?: { readonly signal?: AbortSignal }): Promise<ChainId>;
  /** A new writable snapshot over a committed one (or over nothing). */
  prepare(key: SnapshotKey, parent?: ChainId): Promise<SnapshotInfo>;
  /** Mounts an active snapshot at `target` (created when absent), or a committed one read-only. */
  mount(key: SnapshotKey, target: string, options?: { readonly readOnly?: boolean }): Promise<void>;
  unmount(target: string): Promise<void>;
  /**
   * What an active snapshot changed against its parent, as one OCI layer tar: sorted, with whiteouts, opaque directories,
   * hardlinks, devices, xattrs, sparse files. Times above `clampTime` (seconds since 1970) are set to it.
   */
  diff(key: SnapshotKey, options?: { readonly clampTime?: number }): ByteStream;
  /** Paths an active snapshot changed: `docker diff`. */
  changes(key: SnapshotKey): Promise<readonly { readonly kind: "modified" | "added" | "deleted"; readonly path: string }[]>;
  stat(key: SnapshotKey): Promise<SnapshotInfo | undefined>;
  list(): Promise<readonly SnapshotInfo[]>;
  /** Bytes on disk of this snapshot alone. */
  usage(key: SnapshotKey): Promise<number>;
  /** @throws RbuildError `snapshot.in-use` when another snapshot has it as parent */
  remove(key: SnapshotKey): Promise<void>;
}

export const snapshotKey = (text: string): SnapshotKey => text as SnapshotKey;
