import { dirname } from "node:path";
import { canonicalJson, type Descriptor, type Digest, type Index, MEDIA_TYPE, parseIndex, parseReference, referenceText } from "../../oci/index.ts";
import { lock, RbuildError, readFileIfExists, writeFileAtomic } from "../../system/index.ts";
import type { StoreLayout } from "../store/layout.ts";

export const REF_NAME = "org.opencontainers.image.ref.name";
const MAX_INDEX_BYTES = 64 * 1024 * 1024;

/** One image manifest in the store, under one name or none. */
export interface IndexEntry {
  readonly manifest: Descriptor;
  /** As `referenceText` writes it; undefined for an image that has no name. */
  readonly reference?: string;
}

/**
 * The layout's `index.json`: every image of the store and its names. Whatever it names is kept by garbage collection. Changes are made under
 * a lock and by one rename.
 */
export class ImageIndex {
  readonly #layout: StoreLayout;
  readonly #sync: boolean;

  constructor(layout: StoreLayout, options: { readonly sync: boolean }) {
    this.#layout = layout;
    this.#sync = options.sync;
  }

  /** @throws RbuildError `store.index-damaged` */
  async read(): Promise<readonly IndexEntry[]> {
    const bytes = await readFileIfExists(this.#layout.index, MAX_INDEX_BYTES);
    if (bytes === undefined) throw damaged(this.#layout.index, "it is not there");
    try {
      return parseIndex(bytes).manifests.map(toEntry);
    } catch (error) {
      throw damaged(this.#layout.index, error instanceof Error ? error.message : String(error), error);
    }
  }

  /** Replaces the entries by what `change` makes of them. */
  async update(change: (entries: readonly IndexEntry[]) => readonly IndexEntry[]): Promise<readonly IndexEntry[]> {
    await using _held = await lock(this.#layout.indexLock);
    const before = await this.read();
    const after = normalize(change(before));
    const index: Index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: after.map(toDescriptor) };
    await writeFileAtomic(this.#layout.index, canonicalJson(index), { sync: this.#sync });
    return after;
  }
}

function damaged(path: string, why: string, cause?: unknown): RbuildError {
  return new RbuildError("store.index-damaged", `the table of images ${path} cannot be read: ${why}`, {
    hint: `put the file back from a backup, or move ${dirname(dirname(path))} away and build or fetch the images again`,
    cause,
    details: { path },
  });
}

/** Makes `reference` name the manifest. An image that loses its last name stays, without one. */
export function withReference(entries: readonly IndexEntry[], manifest: Descriptor, reference: string | undefined): readonly IndexEntry[] {
  const others = entries.map((entry) => (reference !== undefined && entry.reference === reference ? { manifest: entry.manifest } : entry));
  return [...others, { manifest, ...(reference === undefined ? {} : { reference }) }];
}

/** Sorted, each name once, and an image without a name only where it has none. */
function normalize(entries: readonly IndexEntry[]): readonly IndexEntry[] {
  const named = new Set(entries.filter((entry) => entry.reference !== undefined).map((entry) => entry.manifest.digest));
  const unique = new Map(entries.filter((entry) => entry.reference !== undefined || !named.has(entry.manifest.digest)).map((entry) => [sortKey(entry), entry]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

const sortKey = ({ reference, manifest }: IndexEntry) => `${reference ?? ""} ${manifest.digest}`;

function toEntry(descriptor: Descriptor): IndexEntry {
  const { annotations, ...manifest } = descriptor;
  const { [REF_NAME]: reference, ...rest } = annotations ?? {};
  return {
    manifest: Object.keys(rest).length === 0 ? manifest : { ...manifest, annotations: rest },
    ...(reference === undefined ? {} : { reference: referenceText(parseReference(reference)) }),
  };
}

function toDescriptor({ manifest, reference }: IndexEntry): Descriptor {
  return reference === undefined ? manifest : { ...manifest, annotations: { ...manifest.annotations, [REF_NAME]: reference } };
}

/** References by manifest, sorted. */
export function referencesOf(entries: readonly IndexEntry[], manifest: Digest): readonly string[] {
  return entries.flatMap((entry) => (entry.manifest.digest === manifest && entry.reference !== undefined ? [entry.reference] : [])).sort();
}
