import { hostPlatform } from "../../oci/index.ts";
import { findDefinition } from "../definition/find-definition.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { type IdentifyDependencies, identifyImage, isSameImage } from "./identify-image.ts";
import type { ImageDependencies, ImagePin, PinVerdict } from "./image-operations.ts";
import { inspectImage } from "./inspect-image.ts";
import { readPin } from "./pin/pin-file.ts";
import { imageReference } from "./present-image.ts";

/** Compares what the engine has under an image's name with its pin. A pin of another architecture or version pins nothing here. */
export async function checkPin(
  { name }: { readonly name: string },
  dependencies: IdentifyDependencies & Pick<ImageDependencies, "imageDirectories">,
): Promise<PinVerdict> {
  return checkLocatedPin(await findDefinition(name, dependencies.imageDirectories), dependencies);
}

/** The pin of a definition, if it pins anything here. */
export async function currentPin({ definition: { name, version }, directory }: LocatedDefinition): Promise<ImagePin | undefined> {
  const pin = await readPin(directory);
  return pin?.name === name && pin.version === version && pin.architecture === hostPlatform().architecture ? pin : undefined;
}

export async function checkLocatedPin({ definition, directory }: LocatedDefinition, dependencies: IdentifyDependencies): Promise<PinVerdict> {
  const { containerHost } = dependencies;
  const pin = await currentPin({ definition, directory });
  if (!pin) return { kind: "unpinned", name: definition.name };
  const tagged = await inspectImage(containerHost, imageReference(pin));
  // Whoever gave the tag to another image means that one; a pinned image that lost its tag is still the pinned one.
  const inspected = tagged ?? (await inspectImage(containerHost, pin.imageId));
  if (!inspected) return { kind: "absent", pin };
  const found = await identifyImage(inspected, pin, dependencies);
  return isSameImage(found, pin) ? { kind: "exact", pin } : { kind: "different", pin, found };
}
