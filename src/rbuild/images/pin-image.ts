import { join } from "node:path";
import { hostPlatform } from "../../oci/index.ts";
import { findDefinition } from "../definition/find-definition.ts";
import { buildImage } from "./build-image.ts";
import type { ImageBuildOptions, ImageDependencies, ImagePin } from "./image-operations.ts";
import { PIN_FILE, writePin } from "./pin/pin-file.ts";

/** Builds an image unless it is there as defined, and writes its exact digest beside its definition. */
export async function pinImage(options: ImageBuildOptions, dependencies: ImageDependencies): Promise<ImagePin> {
  const { directory } = await findDefinition(options.name, dependencies.imageDirectories);
  const { name, version, digest, imageId } = await buildImage(options, dependencies, () => Promise.resolve());
  const pin: ImagePin = { name, version, architecture: hostPlatform().architecture, digest, imageId };
  const changed = await writePin(directory, pin);
  dependencies.report({ kind: "image.pinned", name, digest, path: join(directory, PIN_FILE), changed });
  return pin;
}
