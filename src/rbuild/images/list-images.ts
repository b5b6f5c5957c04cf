import { type BrokenDefinition, ifSound, surveyDefinitions } from "../definition/find-definition.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { checkLocatedPin } from "./check-pin.ts";
import type { BrokenListing, ImageDependencies, ImageListing } from "./image-operations.ts";
import { readPin } from "./pin/pin-file.ts";

type ListDependencies = Pick<ImageDependencies, "containerHost" | "imageDirectories" | "stateDirectory">;

/** Every image that is defined, with its pin and what the engine has of it; those whose definition or pin is not right, last. */
export async function listImages(dependencies: ListDependencies): Promise<ImageListing[]> {
  const { located, broken } = await surveyDefinitions(dependencies.imageDirectories);
  const listings: ImageListing[] = [];
  for (const each of located) {
    const listing = await ifSound(each.definition.name, () => list(each, dependencies));
    listings.push("error" in listing ? brokenListing(listing) : listing);
  }
  return [...listings, ...broken.map(brokenListing)].sort((left, right) => Number(left.verdict === "broken") - Number(right.verdict === "broken"));
}

async function list(located: LocatedDefinition, dependencies: ListDependencies): Promise<ImageListing> {
  const { name, version } = located.definition;
  const verdict = await checkLocatedPin(located, dependencies);
  return { name, version, directory: located.directory, pin: await readPin(located.directory), verdict: verdict.kind };
}

export function brokenListing({ name, error: { code, message } }: BrokenDefinition): BrokenListing {
  return { name, verdict: "broken", code, message };
}
