import { canonicalJson, type Digest, digestOf, MEDIA_TYPE } from "../../../../oci/index.ts";
import type { RepositoryIndex } from "../../../trust/format/index-file.ts";

type Image = RepositoryIndex["images"][number];
export type Blob = RepositoryIndex["blobs"][number];

/** The images of one name, as a registry has them. */
export interface CatalogName {
  /** Sorted. */
  readonly tags: ReadonlyMap<string, Digest>;
  /** Manifests that are blobs of the repository. */
  readonly manifests: ReadonlySet<Digest>;
  /** Lists of one version's architectures, made here. */
  readonly lists: ReadonlyMap<Digest, Uint8Array>;
  /** Configs and layers. */
  readonly blobs: ReadonlySet<Digest>;
}

export interface Catalog {
  /** Sorted. */
  readonly names: ReadonlyMap<string, CatalogName>;
  readonly blobs: ReadonlyMap<Digest, Blob>;
}

/**
 * Tags of an image are its version and its channels, each also with `-<architecture>` behind it. What several architectures share is a
 * list of them. A version stands before a channel of the same name.
 */
export function makeCatalog(index: RepositoryIndex): Catalog {
  const blobs = new Map(index.blobs.map((blob) => [blob.digest, blob]));
  const names = new Map<string, CatalogName>();
  for (const [name, images] of Map.groupBy(index.images, (image) => image.name)) names.set(name, catalogName(images, blobs));
  return { names, blobs };
}

function catalogName(images: readonly Image[], blobs: ReadonlyMap<Digest, Blob>): CatalogName {
  const lists = new Map<Digest, Uint8Array>();
  const tags = new Map<string, Digest>();
  const add = (words: (image: Image) => readonly string[]) => {
    const tagged = images.flatMap((image) => words(image).map((word) => [word, image] as const));
    for (const [word, group] of Map.groupBy(tagged, ([each]) => each)) {
      const [first, ...others] = group.map(([, image]) => image);
      if (first && !tags.has(word)) tags.set(word, others.length === 0 ? first.manifest : addList([first, ...others]));
    }
  };
  const addList = (group: readonly Image[]): Digest => {
    const bytes = listBytes(group, blobs);
    const digest = digestOf(bytes);
    lists.set(digest, bytes);
    return digest;
  };
  add(({ version }) => [version]);
  add(({ version, architecture }) => [`${version}-${architecture}`]);
  add(({ channels }) => channels);
  add(({ channels, architecture }) => channels.map((channel) => `${channel}-${architecture}`));
  return {
    tags: new Map([...tags].sort(([a], [b]) => (a < b ? -1 : 1))),
    manifests: new Set(images.map(({ manifest }) => manifest)),
    lists,
    blobs: new Set(images.flatMap(({ config, layers }) => [config, ...layers])),
  };
}

/** An OCI image index. Debian's names of these architectures are OCI's too. */
function listBytes(images: readonly Image[], blobs: ReadonlyMap<Digest, Blob>): Uint8Array {
  const manifests = images.map(({ manifest, architecture }) => ({
    mediaType: MEDIA_TYPE.manifest,
    digest: manifest,
    size: blobs.get(manifest)?.size ?? 0,
    platform: { architecture, os: "linux" },
  }));
  return Buffer.from(canonicalJson({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }));
}
