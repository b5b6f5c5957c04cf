import { listDefinitions } from "../definition/find-definition.ts";
import { checkLocatedPin } from "./check-pin.ts";
import type { ImageDependencies, ImageListing } from "./image-operations.ts";
import { readPin } from "./pin/pin-file.ts";

/** Every image that is defined, with its pin and what the engine has of it. */
export async function listImages(dependencies: Pick<ImageDependencies, "containerHost" | "imageDirectories">): Promise<ImageListing[]> {
  const listings: ImageListing[] = [];
  for (const located of await listDefinitions(dependencies.imageDirectories)) {
    const { name, version } = located.definition;
    const verdict = await checkLocatedPin(located, dependencies);
    listings.push({ name, version, directory: located.directory, pin: await readPin(located.directory), verdict: verdict.kind });
  }
  return listings;
}
