import type Docker from "dockerode";
import type { Digest, Platform } from "../../oci/index.ts";
import { platformText } from "../../oci/index.ts";
import type { DefinitionChain } from "../definition/find-definition.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { INPUTS_LABEL, imageInputs } from "./assemble/image-inputs.ts";
import { readBuiltRecord } from "./built-record.ts";
import type { BuiltImage, ImageDependencies } from "./image-operations.ts";
import { inspectImage, isImage } from "./inspect-image.ts";
import { readPin } from "./pin/pin-file.ts";

/** An image that the engine has, and what it was built from. */
export interface PresentImage {
  readonly built: BuiltImage;
  readonly inspected: Docker.ImageInspectInfo;
}

/** The tag an image has in the engine. */
export const imageReference = ({ name, version }: { readonly name: string; readonly version: string }): string => `rbuild/${name}:${version}`;

/** Digest of all that the image at `index` of a chain is made from. */
export function inputsOf(chain: DefinitionChain, index: number, parent: BuiltImage | undefined, platform: Platform): Promise<Digest> {
  const located = chain.images[index];
  if (!located) throw new RangeError(`the chain has no image ${index}`);
  return imageInputs(located, { parent: parent?.imageId, sourceDateEpoch: chain.sourceDateEpochs[index] ?? 0, architecture: platformText(platform) });
}

/** The image of a definition, when the engine has it, made from exactly these inputs, and its digest is known: from its build here or from its pin. */
export async function findPresent(
  { definition: { name, version }, directory }: LocatedDefinition,
  inputs: Digest,
  { containerHost, stateDirectory }: ImageDependencies,
): Promise<PresentImage | undefined> {
  const reference = imageReference({ name, version });
  const inspected = await inspectImage(containerHost, reference);
  if (inspected?.Config.Labels?.[INPUTS_LABEL] !== inputs) return undefined;
  const built = await readBuiltRecord(stateDirectory, name);
  if (built && built.version === version && isImage(inspected, built)) return { built, inspected };
  const pin = await readPin(directory);
  if (!pin || !isImage(inspected, pin)) return undefined;
  return { built: { name, version, reference, digest: pin.digest, imageId: pin.imageId, size: inspected.Size }, inspected };
}
