import type { Digest } from "../../../oci/index.ts";

/** An uncompressed layer tar, or any other blob, in a file. */
export interface BlobFile {
  readonly path: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** What makes one blob from another. Nothing is trusted of it: the digest of what comes out decides. */
export interface DeltaFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: Digest;
  /** Memory that undoing it takes besides the blob it starts from, bytes. */
  readonly window: number;
  readonly method: "zstd-patch-from";
}

export interface DeltaProgress {
  /** Bytes of the new blob that are done. */
  readonly bytes: number;
  /** Of so many. */
  readonly of: number;
}

interface DeltaOptions {
  /**
   * The new file grows here under a name of its own and is moved; on the same file system. What killed processes left here is removed.
   * Default: the directory it belongs to.
   */
  readonly temporaryDirectory?: string;
  readonly onProgress?: (progress: DeltaProgress) => void;
  readonly signal?: AbortSignal;
}

export interface MakeDeltaOptions extends DeltaOptions {
  /** Of zstd, 1 to 19. Default 19. */
  readonly level?: number;
}

export interface ApplyDeltaOptions extends DeltaOptions {
  /** Memory that may be used, bytes. Default `memoryForDeltas()`. */
  readonly memory?: number;
}
