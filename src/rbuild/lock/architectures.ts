import { debianFromPlatform, hostPlatform } from "../../oci/index.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import type { DebianArchitecture } from "./image-lock.ts";

/** @throws OciFormatError when this program does not run on it */
export function hostArchitecture(): DebianArchitecture {
  return debianFromPlatform(hostPlatform()) as DebianArchitecture;
}

/** What a definition's lock is made for, sorted: the host's when it names none. */
export function architecturesOf({ definition }: LocatedDefinition): readonly DebianArchitecture[] {
  return [...(definition.architectures ?? [hostArchitecture()])].sort();
}
