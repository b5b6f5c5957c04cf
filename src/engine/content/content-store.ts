import type { Descriptor, Digest } from "../../oci/index.ts";

/** Bytes as they travel: chunks of any size. */
export type ByteStream = AsyncIterable<Uint8Array>;

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** What the bytes of an ingest must be. Without it they are stored under whatever digest they have. */
export interface ExpectedBlob {
  readonly digest?: Digest;
  /** Exact size in bytes; more is refused as soon as it is seen. */
  readonly size?: number;
  /** Upper bound where no exact size is known. */
  readonly maxSize?: number;
}

/**
 * Blobs by digest, immutable. Every operation is safe against being killed at any moment: a blob is there whole and
 * verified, or not at all. Several processes may use one store.
 */
export interface ContentStore {
  /**
   * Streams bytes in, hashes them, and commits them under their digest. Idempotent: bytes already present are kept.
   * @throws RbuildError `content.digest-mismatch`, `content.size-mismatch`, `content.too-large`, `content.no-space`
   */
  ingest(source: ByteStream | Uint8Array, expected?: ExpectedBlob, options?: { readonly signal?: AbortSignal }): Promise<BlobInfo>;
  /** Size in bytes, or undefined when the blob is absent. */
  stat(digest: Digest): Promise<BlobInfo | undefined>;
  /**
   * The blob's bytes, at most `descriptor.size` of them and hashed as they go: the stream ends in an error, never in
   * silence, when what is stored is not what the descriptor says.
   * @throws RbuildError `content.not-found`, `content.corrupt`
   */
  open(descriptor: Pick<Descriptor, "digest" | "size">, options?: { readonly signal?: AbortSignal }): ByteStream;
  /** A small blob whole and verified. @throws RbuildError also `content.too-large` */
  read(digest: Digest, maxBytes: number): Promise<Uint8Array>;
  /** All digests present, sorted. */
  list(): AsyncIterable<BlobInfo>;
  remove(digest: Digest): Promise<void>;
}
