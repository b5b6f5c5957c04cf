import { chainIds, type Digest } from "../../oci/index.ts";
import { isRbuildError } from "../../system/index.ts";
import { snapshotKey } from "../snapshots/snapshotter.ts";
import { tryExclusive } from "../store/lease.ts";
import type { Image } from "./image.ts";
import type { ImageCatalog } from "./image-catalog.ts";
import { imageInUse, imageNotFound } from "./image-errors.ts";
import type { ImageStoreParts } from "./layout-image-store.ts";

type Parts = ImageStoreParts & { readonly catalog: ImageCatalog };
interface Removed {
  readonly untagged: readonly string[];
  readonly deleted: readonly Digest[];
}

/**
 * Takes away one name, or all of an image that is given by its id, and with the last name the image. One that a container needs stays
 * when it is forced, without names. Blobs and snapshots go at once, or with the next garbage collection when somebody adds content now.
 */
export async function removeImage(lookup: string, parts: Parts, options: { readonly force?: boolean }): Promise<Removed> {
  const found = await parts.catalog.find(lookup).catch((error: unknown) => {
    if (!isRbuildError(error) || error.code === "image.ambiguous") throw error;
    return "damaged" as const;
  });
  if (found === "damaged") return removeDamaged(lookup, parts);
  if (found === undefined) throw imageNotFound(lookup);
  const { image, reference } = found;
  const untagged = reference === undefined ? image.references : image.references.filter((name) => name === reference);
  const isLast = untagged.length === image.references.length;
  if (!isLast) {
    await parts.index.update((entries) => entries.filter((entry) => entry.reference === undefined || !untagged.includes(entry.reference)));
    return { untagged, deleted: [] };
  }
  const isUsed = (await parts.inUse()).has(image.id);
  if (isUsed && !options.force) throw imageInUse(lookup, image.id);
  await parts.index.update((entries) => {
    const others = entries.filter((entry) => entry.manifest.digest !== image.manifestDescriptor.digest);
    return isUsed ? [...others, { manifest: image.manifestDescriptor }] : others;
  });
  return { untagged, deleted: isUsed ? [] : await deleteContent(image, parts) };
}

/** What is left of an image that cannot be read is for the next garbage collection. */
async function removeDamaged(lookup: string, parts: Parts): Promise<Removed> {
  const damaged = await parts.catalog.findEntry(lookup);
  const name = damaged?.reference;
  await parts.index.update((entries) =>
    entries.filter((entry) => (name === undefined ? entry.manifest.digest !== damaged?.manifest.digest : entry.reference !== name)),
  );
  return { untagged: name === undefined ? [] : [name], deleted: [] };
}

/** @returns the image's id, and the digests of the blobs that went, sorted */
async function deleteContent(image: Image, parts: Parts): Promise<readonly Digest[]> {
  await using alone = await tryExclusive(parts.root);
  if (alone === undefined) return [image.id];
  const others = await parts.catalog.list();
  const needed = new Set(others.flatMap(blobsOf));
  const chains = new Set(others.flatMap((other) => chainIds(other.config.rootfs.diff_ids)));
  for (const chain of chainIds(image.config.rootfs.diff_ids).toReversed()) {
    if (chains.has(chain) || !(await removeSnapshot(parts, chain))) break;
  }
  const gone = [...new Set(blobsOf(image))].filter((digest) => !needed.has(digest)).sort();
  for (const digest of gone) await parts.content.remove(digest);
  return [image.id, ...gone.filter((digest) => digest !== image.id)];
}

async function removeSnapshot(parts: Parts, chain: string): Promise<boolean> {
  try {
    await parts.snapshots.remove(snapshotKey(chain));
    return true;
  } catch (error) {
    if (isRbuildError(error, "snapshot.in-use")) return false;
    throw error;
  }
}

export function blobsOf(image: Pick<Image, "manifestDescriptor" | "manifest">): readonly Digest[] {
  return [image.manifestDescriptor.digest, image.manifest.config.digest, ...image.manifest.layers.map(({ digest }) => digest)];
}
