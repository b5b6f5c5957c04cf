import { isDigest } from "../../../oci/index.ts";
import { identifyImage, isSameImage } from "../../images/identify-image.ts";
import { pinMismatch } from "../../images/pin/pin-refusal.ts";
import { filesOfImage, type IndexContent, type IndexedImage } from "./index-content.ts";
import { findPublished } from "./plan-content.ts";
import type { ImageOutcome, PublishDependencies, PublishPlan } from "./publication.ts";
import { hasFile } from "./staging.ts";
import { inspectPinned, pinOf } from "./take-image.ts";
import type { WantedImage } from "./wanted-images.ts";

/** A wanted image and what the repository has of it. */
export interface ExaminedImage extends ImageOutcome {
  readonly wanted: WantedImage;
  readonly published: IndexedImage | undefined;
  /** Files that must be put back. */
  readonly damaged: ReadonlySet<string>;
}

/**
 * Only files of the wanted images are looked at: by size, or by their bytes with `isHashed`.
 * @throws RbuildError `repository.version-taken`, `image.pin-mismatch`
 */
export async function examineImages(
  wanted: readonly WantedImage[],
  before: IndexContent,
  { directory, isHashed }: { readonly directory: string; readonly isHashed: boolean },
): Promise<ExaminedImage[]> {
  const examined: ExaminedImage[] = [];
  for (const image of wanted) {
    const published = findPublished(before.images, image);
    if (published && published.config !== image.config) throw pinMismatch(pinOf(image), { imageId: published.config, digest: published.manifest }, "published");
    const damaged = new Set<string>();
    for (const file of published ? filesOfImage(published, before) : []) if (!(await hasFile(directory, file, isHashed))) damaged.add(file.path);
    const lock = published && before.locks.find(({ sha256 }) => sha256 === published.lock);
    if (lock && !(await hasFile(directory, lock, isHashed))) damaged.add(lock.path);
    const state = published ? (damaged.size > 0 ? "repaired" : "present") : "new";
    const { name, version, architecture, manifest } = image;
    examined.push({ name, version, architecture, digest: manifest, state, wanted: image, published, damaged });
  }
  return examined;
}

export function outcomeOf({ name, version, architecture, digest, state }: ImageOutcome): ImageOutcome {
  return { name, version, architecture, digest, state };
}

/** What must be taken from the engine. @throws as `takeImage` where the image is not the pinned one */
export async function planImage(
  image: ExaminedImage,
  before: IndexContent,
  { openHost, stateDirectory }: Pick<PublishDependencies, "openHost" | "stateDirectory">,
): Promise<PublishPlan["images"][number]> {
  if (image.state === "present") return outcomeOf(image);
  const [containerHost, pin] = [await openHost(), pinOf(image.wanted)];
  const found = await inspectPinned(image.wanted, containerHost);
  const identity = await identifyImage(found, pin, { containerHost, stateDirectory });
  if (!isSameImage(identity, pin)) throw pinMismatch(pin, identity, "present");
  const known = new Set<string>(before.blobs.map(({ digest }) => digest));
  const layers = (found.RootFS.Layers ?? []).filter(isDigest).filter((digest) => !known.has(digest));
  return { ...outcomeOf(image), size: found.Size, layers };
}
