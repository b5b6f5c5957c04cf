import { type ChainId, type Descriptor, type Digest, type ImageId, type Reference, referenceText, withDefaultTag } from "../../oci/index.ts";
import type { Clock } from "../../system/index.ts";
import type { ByteStream, ContentStore } from "../content/content-store.ts";
import type { Snapshotter } from "../snapshots/snapshotter.ts";
import { withLease } from "../store/lease.ts";
import { createImage, type ImageParts } from "./create-image.ts";
import type { Image, ImageLookup, ImageStore } from "./image.ts";
import { ImageCatalog } from "./image-catalog.ts";
import { imageIncomplete, imageNotFound } from "./image-errors.ts";
import { type ImageIndex, withReference } from "./image-index.ts";
import { type ImportOptions, importRootfs } from "./import-rootfs.ts";
import { loadArchive } from "./load-archive.ts";
import { openImage } from "./open-image.ts";
import { removeImage } from "./remove-image.ts";
import { saveArchive } from "./save-archive.ts";
import { unpackImage } from "./unpack-image.ts";
import { UnpackingIngest } from "./unpacking-ingest.ts";
import { validateImage } from "./validate-image.ts";

/** What the verbs of the image store work on. */
export interface ImageStoreParts {
  readonly root: string;
  readonly index: ImageIndex;
  readonly content: ContentStore;
  readonly snapshots: Snapshotter;
  readonly clock: Clock;
  /** Images that containers were made from. */
  readonly inUse: () => Promise<ReadonlySet<ImageId>>;
}

/** Images as an OCI image layout: the verbs are in files of their own, the names in `index.json`. */
export class LayoutImageStore implements ImageStore {
  readonly #parts: ImageStoreParts;
  readonly #catalog: ImageCatalog;

  constructor(parts: ImageStoreParts) {
    this.#parts = parts;
    this.#catalog = new ImageCatalog(parts.index, parts.content);
  }

  async find(lookup: ImageLookup): Promise<Image | undefined> {
    return (await this.#catalog.find(lookup))?.image;
  }

  async get(lookup: ImageLookup): Promise<Image> {
    const image = await this.find(lookup);
    if (image === undefined) throw imageNotFound(lookup);
    return image;
  }

  list(): Promise<readonly Image[]> {
    return this.#catalog.list();
  }

  async tag(manifest: Descriptor, reference: Reference): Promise<void> {
    await this.#name(manifest, reference);
  }

  remove(
    lookup: ImageLookup,
    options: { readonly force?: boolean } = {},
  ): Promise<{ readonly untagged: readonly string[]; readonly deleted: readonly Digest[] }> {
    return removeImage(lookup, { ...this.#parts, catalog: this.#catalog }, options);
  }

  unpack(image: Image, options: { readonly signal?: AbortSignal } = {}): Promise<ChainId | undefined> {
    return unpackImage(image, this.#parts, options);
  }

  create(parts: ImageParts, reference?: Reference): Promise<Image> {
    return withLease(this.#parts.root, async () => this.#name(await createImage(this.#parts.content, parts), reference));
  }

  load(archive: ByteStream, { unpack, ...options }: { readonly unpack?: boolean; readonly signal?: AbortSignal } = {}): Promise<readonly Image[]> {
    return withLease(this.#parts.root, async () => {
      const { content } = this.#parts;
      const loaded = await loadArchive(archive, content, { ...options, ...(unpack ? { ingest: new UnpackingIngest(this.#parts) } : {}) });
      if (unpack) for (const { manifest } of loaded) await unpackImage(await openImage(content, manifest), this.#parts, options);
      const entries = await this.#parts.index.update((before) =>
        loaded.reduce((all, { manifest, references }) => {
          const names = references.length === 0 ? [undefined] : references;
          return names.reduce<typeof all>((some, name) => withReference(some, manifest, name), all);
        }, before),
      );
      const manifests = new Map(loaded.map(({ manifest }) => [manifest.digest, manifest]));
      return Promise.all([...manifests.values()].map((manifest) => this.#catalog.open(manifest, entries)));
    });
  }

  save(lookups: readonly ImageLookup[]): ByteStream {
    return saveArchive(lookups, this.#catalog, this.#parts);
  }

  importRootfs(tar: ByteStream, options: ImportOptions = {}): Promise<Image> {
    return withLease(this.#parts.root, async () => this.#name(await importRootfs(tar, this.#parts, options), options.reference));
  }

  validate(image: Image): Promise<readonly string[]> {
    return validateImage(image, this.#parts.content);
  }

  async #name(manifest: Descriptor, reference: Reference | undefined): Promise<Image> {
    if ((await this.#parts.content.stat(manifest.digest))?.size !== manifest.size) throw imageIncomplete("the name", manifest.digest);
    const name = reference === undefined ? undefined : referenceText(withDefaultTag(reference));
    const entries = await this.#parts.index.update((before) => withReference(before, manifest, name));
    return this.#catalog.open(manifest, entries);
  }
}
