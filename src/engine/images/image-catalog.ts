import { type Descriptor, type Digest, isDigest, parseReference, referenceName, referenceText, withDefaultTag } from "../../oci/index.ts";
import { isRbuildError } from "../../system/index.ts";
import type { ContentStore } from "../content/content-store.ts";
import type { Image } from "./image.ts";
import { imageAmbiguous } from "./image-errors.ts";
import { type ImageIndex, type IndexEntry, referencesOf } from "./image-index.ts";
import { type ImageContent, openImage } from "./open-image.ts";

const MAX_CACHED = 1000;
/** Docker takes shorter ones too; a typing mistake should not name an image. */
const ID_PREFIX = /^(?:sha256:)?([0-9a-f]{4,64})$/;

/** What `find` was given, understood: names are looked up before ids. */
export interface FoundImage {
  readonly image: Image;
  /** The name that led to it; undefined when it was an id or a digest. */
  readonly reference?: string;
}

/** Finds images by name or id. */
export class ImageCatalog {
  readonly #index: ImageIndex;
  readonly #content: ContentStore;
  readonly #opened = new Map<Digest, ImageContent>();

  constructor(index: ImageIndex, content: ContentStore) {
    this.#index = index;
    this.#content = content;
  }

  /** @throws RbuildError `image.ambiguous`, and `content.*`, `image.invalid` when what was found is damaged */
  async find(lookup: string): Promise<FoundImage | undefined> {
    const entries = await this.#index.read();
    const named = findByName(entries, lookup);
    if (named) return { image: await this.open(named.manifest, entries), ...(isDigest(lookup) ? {} : { reference: named.reference ?? lookup }) };
    return this.#findById(entries, lookup);
  }

  /** The entry of a name, whether its image is sound or not. */
  async findEntry(lookup: string): Promise<IndexEntry | undefined> {
    return findByName(await this.#index.read(), lookup);
  }

  /** Every image once, sorted by name, those without one last; damaged ones are left out. */
  async list(): Promise<readonly Image[]> {
    const entries = await this.#index.read();
    const images = await this.#openSound(entries);
    const sortKey = ({ references, id }: Image) => `${references[0] ?? "\uffff"} ${id}`;
    return images.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  }

  async open(manifest: Descriptor, entries: readonly IndexEntry[]): Promise<Image> {
    let image = this.#opened.get(manifest.digest);
    if (image === undefined) {
      image = await openImage(this.#content, manifest);
      if (this.#opened.size >= MAX_CACHED) this.#opened.clear();
      this.#opened.set(manifest.digest, image);
    }
    return { ...image, references: referencesOf(entries, manifest.digest) };
  }

  async #findById(entries: readonly IndexEntry[], lookup: string): Promise<FoundImage | undefined> {
    const prefix = ID_PREFIX.exec(lookup)?.[1];
    if (prefix === undefined) return undefined;
    const images = (await this.#openSound(entries)).filter((image) => image.id.startsWith(`sha256:${prefix}`));
    const ids = new Set(images.map((image) => image.id));
    if (ids.size > 1) throw imageAmbiguous(lookup, [...ids].sort());
    // One config under two manifests is one image; the named one counts.
    const image = images.find(({ references }) => references.length > 0) ?? images[0];
    return image && { image };
  }

  async #openSound(entries: readonly IndexEntry[]): Promise<Image[]> {
    const manifests = new Map(entries.map((entry) => [entry.manifest.digest, entry.manifest]));
    const images: Image[] = [];
    for (const manifest of manifests.values()) {
      try {
        images.push(await this.open(manifest, entries));
      } catch (error) {
        if (!isRbuildError(error)) throw error;
      }
    }
    return images;
  }
}

/** By `name[:tag]`, by `name@digest` of a manifest that has the name, or by a manifest's digest alone. */
function findByName(entries: readonly IndexEntry[], lookup: string): IndexEntry | undefined {
  if (isDigest(lookup)) return entries.find(({ manifest }) => manifest.digest === lookup);
  const reference = tryParse(lookup);
  if (reference === undefined) return undefined;
  const { digest } = reference;
  if (digest === undefined) return entries.find((entry) => entry.reference === referenceText(withDefaultTag(reference)));
  return entries.find((entry) => {
    const name = entry.reference === undefined ? undefined : parseReference(entry.reference);
    return entry.manifest.digest === digest && name !== undefined && referenceName(name) === referenceName(reference);
  });
}

export function tryParse(text: string) {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}
