import { join } from "node:path";
import type { BuildId } from "../life/build-id.ts";

/** Where a build's locked archives are laid out: beside the pool, to be linked from it. */
export const archiveDirectory = (stateDirectory: string, id: BuildId): string => join(stateDirectory, "locked", id);
