import type Docker from "dockerode";
import type { ContainerHost } from "../container-host/container-host.ts";
import { asked, statusOf } from "../container-host/host-error.ts";
import { ifSound, surveyDefinitions } from "../definition/find-definition.ts";
import { openWorkspace } from "./build-workspace.ts";
import type { BrokenListing, ImageDependencies } from "./image-operations.ts";
import { INPUTS_LABEL } from "./inputs/collect-inputs.ts";
import { isImage } from "./inspect-image.ts";
import { brokenListing } from "./list-images.ts";
import { readPin } from "./pin/pin-file.ts";
import { imageReference } from "./present-image.ts";

export interface PruneOptions {
  /** Tell what would go, change nothing. */
  readonly dryRun?: boolean;
  /** Also images without a name that rbuild has not built. */
  readonly nameless?: boolean;
  readonly signal?: AbortSignal;
}

export interface PrunedImage {
  /** Its name in the engine, or its id when it has none. */
  readonly image: string;
  readonly imageId: string;
  readonly why: "old-version" | "nameless";
}

export interface PruneReport {
  readonly images: readonly PrunedImage[];
  /** Of what is freed, or would be at least. */
  readonly bytes: number;
  /** Images of which nothing was removed, because it cannot be told what is wanted of them. */
  readonly broken: readonly BrokenListing[];
}

/** The part of GET /system/df that is read. */
interface DiskUsage {
  readonly LayersSize?: number;
  readonly Images?: readonly ImageUsage[] | null;
}
type ImageUsage = Pick<Docker.ImageInfo, "Id" | "RepoTags" | "Labels" | "Size" | "SharedSize">;

/**
 * Removes from the engine: versions of the defined images that neither definition nor pin names, images of rbuild's without a name, and what a
 * killed build has left. Nothing that a container needs, and no image that somebody else has named.
 */
export async function pruneImages(dependencies: ImageDependencies, options: PruneOptions = {}): Promise<PruneReport> {
  const { containerHost: host } = dependencies;
  const before = await diskUsage(host);
  const { isOld, broken } = await oldVersions(dependencies.imageDirectories);
  if (options.dryRun) {
    const images = await findPrunable(before, isOld, host, options);
    const ids = new Set(images.map(({ imageId }) => imageId));
    const own = (before.Images ?? []).filter(({ Id }) => ids.has(Id)).map(({ Size, SharedSize }) => Size - Math.max(SharedSize, 0));
    return { images, bytes: own.reduce((sum, size) => sum + size, 0), broken };
  }
  // nobody builds meanwhile
  await using _workspace = await openWorkspace(dependencies, options.signal ? { signal: options.signal } : {});
  const removed: PrunedImage[] = [];
  for (const found of await findPrunable(await diskUsage(host), isOld, host, options)) {
    options.signal?.throwIfAborted();
    if (await removeIfUnused(host, found.image)) removed.push(found);
  }
  return { images: removed, bytes: Math.max(0, (before.LayersSize ?? 0) - ((await diskUsage(host)).LayersSize ?? 0)), broken };
}

async function diskUsage(host: ContainerHost): Promise<DiskUsage> {
  return (await asked("ask what the images take", host.df())) as DiskUsage;
}

async function findPrunable({ Images }: DiskUsage, isOld: IsOld, host: ContainerHost, { nameless }: PruneOptions): Promise<readonly PrunedImage[]> {
  const containers = await asked("list the containers", host.listContainers({ all: true }));
  const used = new Set(containers.map(({ ImageID }) => ImageID));
  return (Images ?? [])
    .filter(({ Id }) => !used.has(Id))
    .flatMap((image): PrunedImage[] => {
      const tags = (image.RepoTags ?? []).filter((tag) => tag !== "<none>:<none>");
      if (tags.length > 0) return tags.filter((tag) => isOld(tag, image)).map((tag) => ({ image: tag, imageId: image.Id, why: "old-version" }));
      return nameless || image.Labels?.[INPUTS_LABEL] !== undefined ? [{ image: image.Id, imageId: image.Id, why: "nameless" }] : [];
    })
    .sort((a, b) => (a.image < b.image ? -1 : 1));
}

type IsOld = (tag: string, image: ImageUsage) => boolean;

/** Tells names of defined images whose version nobody wants. Images of definitions that are not here, or not right, are left alone. */
async function oldVersions(imageDirectories: readonly string[]): Promise<{ readonly isOld: IsOld; readonly broken: readonly BrokenListing[] }> {
  const { located, broken } = await surveyDefinitions(imageDirectories);
  const found = await Promise.all(
    located.map(({ definition: { name, version }, directory }) =>
      ifSound(name, async () => {
        const pin = await readPin(directory);
        return { prefix: imageReference({ name, version: "" }), versions: new Set([version, pin?.version]), pin };
      }),
    ),
  );
  const wanted = found.flatMap((each) => ("error" in each ? [] : [each]));
  const isOld: IsOld = (tag, image) => {
    const definition = wanted.find(({ prefix }) => tag.startsWith(prefix));
    if (definition === undefined || definition.versions.has(tag.slice(definition.prefix.length))) return false;
    return definition.pin === undefined || !isImage(image, definition.pin);
  };
  return { isOld, broken: [...broken, ...found.flatMap((each) => ("error" in each ? [each] : []))].map(brokenListing) };
}

/** False when it is in use by now, or others stand on it. */
async function removeIfUnused(host: ContainerHost, image: string): Promise<boolean> {
  try {
    await host.getImage(image).remove();
    return true;
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 || status === 409) return false;
    return await asked(`remove the image ${image}`, Promise.reject(error as Error));
  }
}
