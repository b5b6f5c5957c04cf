import type { Digest, Platform } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";
import type { DefinitionChain } from "../definition/find-definition.ts";
import type { Mirror } from "../mirror/find-mirror.ts";
import { applyDefinition } from "./assemble/container-defaults.ts";
import { encodeImage } from "./assemble/image-blobs.ts";
import { INPUTS_LABEL } from "./assemble/image-inputs.ts";
import { loadImage } from "./assemble/load-image.ts";
import { fetchSavedBlobs, type SavedBlob } from "./assemble/saved-blobs.ts";
import type { BuildWorkspace } from "./build-workspace.ts";
import { inspectImage } from "./inspect-image.ts";
import { makeFirstLayer, makeNextLayer } from "./level-layer.ts";
import { imageReference, type PresentImage } from "./present-image.ts";

/** One image of a chain that is to be built. */
export interface Level {
  readonly chain: DefinitionChain;
  readonly index: number;
  /** The image below, in the engine; undefined for the first. */
  readonly parent: PresentImage | undefined;
  readonly platform: Platform;
  readonly inputs: Digest;
  readonly findMirror: () => Promise<Mirror>;
}

/** Builds one image on top of the one below it, and gives it to the engine. */
export async function buildLevel({ chain, index, parent, platform, inputs, findMirror }: Level, workspace: BuildWorkspace): Promise<PresentImage> {
  const located = chain.images[index];
  const sourceDateEpoch = chain.sourceDateEpochs[index];
  if (!located || sourceDateEpoch === undefined) throw new RangeError(`the chain has no image ${index}`);
  const { name, version } = located.definition;
  const source = { located, bootstrap: chain.bootstrap, sourceDateEpoch, mirror: await findMirror() };
  const { layer, defaults } = parent ? await makeNextLayer(source, parent.inspected, workspace) : await makeFirstLayer(source, workspace);
  const layers = [...(parent ? await parentLayers(parent, workspace) : []), layer];
  const labels = { "rbuild.name": name, "rbuild.version": version, [INPUTS_LABEL]: inputs };
  const origins = chain.images.slice(0, index + 1).map(({ definition }, level) => ({
    name: definition.name,
    version: definition.version,
    sourceDateEpoch: chain.sourceDateEpochs[level] ?? 0,
  }));
  const image = encodeImage(platform, applyDefinition(defaults, located.definition, labels), layers, origins);
  const reference = imageReference({ name, version });
  await loadImage(image, layers, reference, workspace);
  const inspected = await inspectImage(workspace.host, reference);
  if (!inspected)
    throw new RbuildError("image.load-failed", `${reference} vanished from the engine while it was built`, { hint: `rbuild image build ${name}` });
  return { built: { name, version, reference, digest: image.digest, imageId: image.imageId, size: image.size }, inspected };
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
