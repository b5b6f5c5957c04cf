import type Docker from "dockerode";
import { type Platform, platformText } from "../../oci/index.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import type { LockedChain } from "../lock/lock-operations.ts";
import { readBuiltRecord } from "./built-record.ts";
import { identifyImage, isSameImage } from "./identify-image.ts";
import type { BuiltImage, ImageDependencies } from "./image-operations.ts";
import { collectInputs, digestOfInputs, type ImageInputs, INPUTS_LABEL } from "./inputs/collect-inputs.ts";
import { inspectImage, isImage } from "./inspect-image.ts";
import { readPin } from "./pin/pin-file.ts";

/** An image that the engine has, and what it was built from. */
export interface PresentImage {
  readonly built: BuiltImage;
  readonly inspected: Docker.ImageInspectInfo;
}

/** The tag an image has in the engine. */
export const imageReference = ({ name, version }: { readonly name: string; readonly version: string }): string => `rbuild/${name}:${version}`;

/** All that the image at `index` of a chain is made from. */
export function inputsOf(chain: LockedChain, index: number, parent: BuiltImage | undefined, platform: Platform): Promise<ImageInputs> {
  const image = chain.images[index];
  if (!image) throw new RangeError(`the chain has no image ${index}`);
  const below = parent === undefined ? {} : { parent: { name: parent.name, imageId: parent.imageId } };
  return collectInputs(image, { ...below, architecture: platformText(platform) });
}

/** The image of a definition, when the engine has it, made from exactly these inputs, and its digest is known: from its build here or from its pin. */
export async function findPresent(
  { definition: { name, version }, directory }: LocatedDefinition,
  inputs: ImageInputs,
  { containerHost, stateDirectory }: ImageDependencies,
): Promise<PresentImage | undefined> {
  const reference = imageReference({ name, version });
  const inspected = await inspectImage(containerHost, reference);
  if (inspected?.Config.Labels?.[INPUTS_LABEL] !== digestOfInputs(inputs)) return undefined;
  const record = await readBuiltRecord(stateDirectory, name);
  if (record && record.built.version === version && isImage(inspected, record.built)) return { built: record.built, inspected };
  const pin = await readPin(directory);
  if (!pin || !isSameImage(await identifyImage(inspected, pin, { containerHost, stateDirectory }), pin)) return undefined;
  return { built: { name, version, reference, digest: pin.digest, imageId: pin.imageId, size: inspected.Size }, inspected };
}
