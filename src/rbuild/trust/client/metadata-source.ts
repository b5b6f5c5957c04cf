/** What a source has at a path. */
export type Received = { readonly kind: "bytes"; readonly bytes: Uint8Array } | { readonly kind: "absent" } | { readonly kind: "too-large" };

/** A place with a repository's metadata. Nothing that comes out of it is trusted. */
export interface MetadataSource {
  /** For messages. */
  readonly name: string;
  /** @param maxBytes never more are kept; what is longer is `too-large` */
  read(path: string, maxBytes: number): Promise<Received>;
}
