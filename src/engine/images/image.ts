import type { Descriptor, Digest, ImageConfig, ImageId, Manifest, Platform, Reference } from "../../oci/index.ts";

/** An image in the store: an immutable value. */
export interface Image {
  /** Digest of the config: Docker's image id. */
  readonly id: ImageId;
  /** Descriptor of the image manifest. */
  readonly manifestDescriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly platform: Platform;
  /** Bytes of all layers, uncompressed where the store knows it, else as stored. */
  readonly size: number;
  /** References that name it now, as text with tag, sorted. */
  readonly references: readonly string[];
}

/** Where an image is named. */
export type ImageLookup = string;

export interface ImageStore {
  /**
   * Finds by reference (`name[:tag]`, `name@sha256:…`), by image id, by manifest digest, or by an unambiguous prefix (4 hex digits
   * or more) of the image id.
   */
  find(lookup: ImageLookup): Promise<Image | undefined>;
  /** @throws RbuildError `image.not-found`, `image.ambiguous` */
  get(lookup: ImageLookup): Promise<Image>;
  list(): Promise<readonly Image[]>;
  /** Makes `reference` name the image whose manifest is `manifest`; replaces what it named before, atomically. */
  tag(manifest: Descriptor, reference: Reference): Promise<void>;
  /**
   * Removes one reference, or all of an image given by id; blobs and snapshots nothing else needs go with the last one.
   * @throws RbuildError `image.in-use` when a container was made from it and `force` is not set
   */
  remove(lookup: ImageLookup, options?: { readonly force?: boolean }): Promise<{ readonly untagged: readonly string[]; readonly deleted: readonly Digest[] }>;
  /** Makes sure that all layers of the image are committed snapshots. Returns the top's chain id, undefined for an image of no layers. */
  unpack(image: Image, options?: { readonly signal?: AbortSignal }): Promise<import("../../oci/index.ts").ChainId | undefined>;
  /**
   * Stores a new image: writes config and manifest in canonical form and returns it, without a reference unless one is given.
   * Layers are descriptors of blobs already in the store.
   */
  create(
    parts: { readonly config: ImageConfig; readonly layers: readonly Descriptor[]; readonly annotations?: Readonly<Record<string, string>> },
    reference?: Reference,
  ): Promise<Image>;
  /**
   * `docker load`: docker-archive and OCI archive, plain or gzip/zstd. With `unpack` the images are also unpacked, as far as possible
   * while they come; one that cannot be is not loaded.
   */
  load(
    archive: import("../content/content-store.ts").ByteStream,
    options?: { readonly unpack?: boolean; readonly signal?: AbortSignal },
  ): Promise<readonly Image[]>;
  /** `docker save`: one archive that both Docker and OCI tools read; its bytes depend on the images alone. */
  save(lookups: readonly ImageLookup[]): import("../content/content-store.ts").ByteStream;
  /** `docker import`: a root file system tar becomes a one-layer image. */
  importRootfs(
    tar: import("../content/content-store.ts").ByteStream,
    options?: {
      readonly reference?: Reference;
      readonly config?: ImageConfig["config"];
      readonly platform?: Platform;
      readonly created?: string;
      readonly comment?: string;
      readonly signal?: AbortSignal;
    },
  ): Promise<Image>;
  /** Every descriptor re-read and hashed, sizes, diff ids and config checked. Returns what is wrong, empty when sound. */
  validate(image: Image): Promise<readonly string[]>;
}
