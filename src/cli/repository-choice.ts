import { resolve } from "node:path";
import type { RepositoryChoice } from "../rbuild/images/image-operations.ts";
import { currentTree } from "./current-tree.ts";
import type { Settings } from "./settings/settings.ts";
import { parsePool, parsePools, parseQuorum } from "./values.ts";

type Quorum = NonNullable<RepositoryChoice["quorum"]>[number];

export const addPlace = (text: string, before: readonly string[] = []): readonly string[] => [...before, parsePool(text)];

/** Of every command that needs pinned images. */
export const REPOSITORY_OPTION = [
  "--repository <url|dir|file>",
  "fetch pinned images that are absent from this repository before building them; may be given again for mirrors",
  addPlace,
] as const;

/** Of every command that fetches. */
export const QUORUM_OPTION = [
  "--quorum <number|all>",
  "rebuilders who must have got the same as what is fetched, where that is more than the root wants",
  parseQuorum,
] as const;

/** What option and setting demand of rebuilders: both count. */
export const chosenQuorum = (option: Quorum | undefined, { quorum }: Settings): readonly Quorum[] => [option, quorum].filter((each) => each !== undefined);

/** Where published images may be had: an option wins over RBUILD_REPOSITORY, that over the setting. Undefined: nobody said. */
export function chosenPlaces(option: readonly string[] | undefined, settings: Settings): readonly string[] | undefined {
  const variable = process.env["RBUILD_REPOSITORY"];
  return option ?? (variable ? parsePools(variable) : settings.repositories);
}

export function chosenRepositories(option: readonly string[] | undefined, settings: Settings, tree = currentTree()): RepositoryChoice | undefined {
  const places = chosenPlaces(option, settings);
  return places && { places, keys: resolve(tree, "keys"), isExplicit: option !== undefined, quorum: chosenQuorum(undefined, settings) };
}
