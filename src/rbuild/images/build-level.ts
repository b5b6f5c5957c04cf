import type { Digest, Platform } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";
import type { LockedChain } from "../lock/lock-operations.ts";
import type { Pool } from "../pool/pool.ts";
import { applyDefinition } from "./assemble/container-defaults.ts";
import { encodeImage } from "./assemble/image-blobs.ts";
import { loadImage } from "./assemble/load-image.ts";
import { fetchSavedBlobs, type SavedBlob } from "./assemble/saved-blobs.ts";
import type { BuildWorkspace } from "./build-workspace.ts";
import { digestOfInputs, type ImageInputs, INPUTS_LABEL } from "./inputs/collect-inputs.ts";
import { inspectImage } from "./inspect-image.ts";
import { makeLevelLayer } from "./level-layer.ts";
import { imageReference, type PresentImage } from "./present-image.ts";

/** One image of a chain that is to be built. */
export interface Level {
  readonly chain: LockedChain;
  readonly index: number;
  /** The image below, in the engine; undefined for the first. */
  readonly parent: PresentImage | undefined;
  readonly platform: Platform;
  readonly inputs: ImageInputs;
  readonly pool: Pick<Pool, "read">;
}

/** Builds one image on top of the one below it, and gives it to the engine. */
export async function buildLevel({ chain, index, parent, platform, inputs, pool }: Level, workspace: BuildWorkspace): Promise<PresentImage> {
  const image = chain.images[index];
  if (!image) throw new RangeError(`the chain has no image ${index}`);
  const { definition } = image.located;
  const { name, version } = definition;
  const { layer, defaults, release } = await makeLevelLayer({ chain, image, pool, parent }, workspace);
  // Thousands of files take their time to go: meanwhile the image is put together.
  const released = release();
  released.catch(() => undefined);
  await using _released = { [Symbol.asyncDispose]: () => released };
  const layers = [...(parent ? await parentLayers(parent, workspace) : []), layer];
  const labels = { "rbuild.name": name, "rbuild.version": version, [INPUTS_LABEL]: digestOfInputs(inputs) };
  const origins = chain.images.slice(0, index + 1).map(({ located, lock }) => ({
    name: located.definition.name,
    version: located.definition.version,
    sourceDateEpoch: lock.sourceDateEpoch,
  }));
  const blobs = encodeImage(platform, applyDefinition(defaults, definition, labels), layers, origins);
  const reference = imageReference({ name, version });
  await loadImage(blobs, layers, reference, workspace);
  const inspected = await inspectImage(workspace.host, reference);
  if (!inspected)
    throw new RbuildError("image.load-failed", `${reference} vanished from the engine while it was built`, { hint: `rbuild image build ${name}` });
  return { built: { name, version, reference, digest: blobs.digest, imageId: blobs.imageId, size: blobs.size }, inspected };
}

/**
 * The layers of the image below, byte for byte as its digest has them.
 * @throws RbuildError `image.layer-missing` when the engine does not give one back as it got it
 */
async function parentLayers({ built, inspected }: PresentImage, workspace: BuildWorkspace): Promise<SavedBlob[]> {
  const diffIds = inspected.RootFS.Layers as Digest[];
  const saved = await fetchSavedBlobs(inspected.Id, diffIds, workspace);
  return diffIds.map((diffId) => {
    const layer = saved.get(diffId);
    if (layer) return layer;
    throw new RbuildError("image.layer-missing", `the engine does not give back the layer ${diffId} of ${built.reference}`, {
      hint: `rbuild image build ${built.name} --force`,
    });
  });
}
