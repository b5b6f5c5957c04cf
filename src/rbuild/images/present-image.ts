import type Docker from "dockerode";
import type { Digest, Platform } from "../../oci/index.ts";
import { platformText } from "../../oci/index.ts";
import type { DefinitionChain } from "../definition/find-definition.ts";
import { INPUTS_LABEL, imageInputs } from "./assemble/image-inputs.ts";
import { readBuiltRecord } from "./built-record.ts";
import type { BuiltImage, ImageDependencies } from "./image-operations.ts";
import { inspectImage, isImage } from "./inspect-image.ts";

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

/** The image of a definition, when the engine has it, made from exactly these inputs. */
export async function findPresent(
  { name, version }: { readonly name: string; readonly version: string },
  inputs: Digest,
  { containerHost, stateDirectory }: ImageDependencies,
): Promise<PresentImage | undefined> {
  const inspected = await inspectImage(containerHost, imageReference({ name, version }));
  if (inspected?.Config.Labels?.[INPUTS_LABEL] !== inputs) return undefined;
  const built = await readBuiltRecord(stateDirectory, name);
  return built && built.version === version && isImage(inspected, built) ? { built, inspected } : undefined;
}
