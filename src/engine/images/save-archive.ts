import { canonicalJson, type Descriptor, type Digest, digestHex, type JsonValue, MEDIA_TYPE, parseReference, referenceName } from "../../oci/index.ts";
import { byteString, type TarInput, tarHeader, writeTar } from "../../system/index.ts";
import type { ContentStore } from "../content/content-store.ts";
import { takeLease } from "../store/lease.ts";
import type { Image } from "./image.ts";
import { type ImageCatalog, tryParse } from "./image-catalog.ts";
import { imageNotFound } from "./image-errors.ts";
import { type ImageIndex, REF_NAME } from "./image-index.ts";
import { CONTAINERD_NAME } from "./load-oci-archive.ts";

interface Saved {
  readonly image: Image;
  /** Those asked for, sorted. */
  readonly names: ReadonlySet<string>;
}

/**
 * An OCI image layout that is a docker-archive too. Its bytes depend on the images and the names asked for, not on their order. A name
 * without a tag means all its tags, as in Docker. No blob goes while it is read.
 * @throws RbuildError `image.not-found` before the first byte
 */
export async function* saveArchive(
  lookups: readonly string[],
  catalog: ImageCatalog,
  store: { readonly root: string; readonly index: ImageIndex; readonly content: ContentStore },
): AsyncGenerator<Uint8Array, void, undefined> {
  // Who removes the image meanwhile takes its names; its blobs stay until the archive is complete.
  await using _lease = await takeLease(store.root);
  const saved = await selectImages(lookups, catalog, store.index);
  yield* writeTar([...blobEntries(saved, store.content), ...documentEntries(saved)]);
}

async function selectImages(lookups: readonly string[], catalog: ImageCatalog, index: ImageIndex): Promise<readonly Saved[]> {
  const selected = new Map<Digest, { image: Image; names: Set<string> }>();
  for (const lookup of await expandTags(lookups, index)) {
    const found = await catalog.find(lookup);
    if (found === undefined) throw imageNotFound(lookup);
    const { digest } = found.image.manifestDescriptor;
    const item = selected.get(digest) ?? { image: found.image, names: new Set() };
    if (found.reference !== undefined) item.names.add(found.reference);
    selected.set(digest, item);
  }
  return [...selected].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { image, names }]) => ({ image, names: new Set([...names].sort()) }));
}

async function expandTags(lookups: readonly string[], index: ImageIndex): Promise<readonly string[]> {
  const references = (await index.read()).flatMap((entry) => entry.reference ?? []);
  return lookups.flatMap((lookup) => {
    const wanted = tryParse(lookup);
    if (wanted === undefined || wanted.tag !== undefined || wanted.digest !== undefined) return [lookup];
    const tags = references.filter((text) => text.includes(":") && referenceName(parseReference(text)) === referenceName(wanted));
    return tags.length > 0 ? tags : [lookup];
  });
}

function* blobEntries(saved: readonly Saved[], content: ContentStore): Generator<TarInput, void, undefined> {
  const blobs = new Map<Digest, Descriptor>();
  for (const { image } of saved) for (const blob of [image.manifestDescriptor, image.manifest.config, ...image.manifest.layers]) blobs.set(blob.digest, blob);
  yield tarHeader({ path: byteString("blobs/"), kind: "directory", mode: 0o755 });
  yield tarHeader({ path: byteString("blobs/sha256/"), kind: "directory", mode: 0o755 });
  for (const [digest, { size }] of [...blobs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield { ...tarHeader({ path: byteString(blobPath(digest)), kind: "file", mode: 0o644, size }), body: content.open({ digest, size }) };
  }
}

function documentEntries(saved: readonly Saved[]): readonly TarInput[] {
  return [
    documentEntry("index.json", { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: saved.flatMap(indexDescriptors) as unknown as JsonValue }),
    documentEntry(
      "manifest.json",
      saved.map(({ image, names }) => ({
        Config: blobPath(image.manifest.config.digest),
        Layers: image.manifest.layers.map(({ digest }) => blobPath(digest)),
        RepoTags: [...names].filter((name) => !name.includes("@")),
      })),
    ),
    documentEntry("oci-layout", { imageLayoutVersion: "1.0.0" }),
    documentEntry("repositories", repositories(saved)),
  ];
}

function indexDescriptors({ image, names }: Saved): readonly Descriptor[] {
  const { mediaType, digest, size } = image.manifestDescriptor;
  const { os, architecture, variant } = image.platform;
  const plain: Descriptor = { mediaType, digest, size, platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } };
  return names.size === 0 ? [plain] : [...names].map((name) => ({ ...plain, annotations: { [CONTAINERD_NAME]: name, [REF_NAME]: name } }));
}

/** name → tag → top layer: what Docker before 1.10 read. */
function repositories(saved: readonly Saved[]): JsonValue {
  const table: Record<string, Record<string, string>> = {};
  for (const { image, names } of saved) {
    const top = image.manifest.layers.at(-1);
    for (const name of names) {
      const reference = parseReference(name);
      if (reference.tag === undefined || top === undefined) continue;
      (table[referenceName(reference)] ??= {})[reference.tag] = digestHex(top.digest);
    }
  }
  return table;
}

function documentEntry(path: string, value: JsonValue): TarInput {
  const bytes = Buffer.from(canonicalJson(value));
  return { ...tarHeader({ path: byteString(path), kind: "file", mode: 0o644, size: bytes.byteLength }), body: [bytes] };
}

const blobPath = (digest: Digest) => `blobs/sha256/${digestHex(digest)}`;
