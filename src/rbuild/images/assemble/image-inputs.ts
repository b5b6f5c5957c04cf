import { canonicalJson, type Digest, digestOf, type JsonValue } from "../../../oci/index.ts";
import type { LocatedDefinition } from "../../definition/read-definition.ts";
import { COMPATIBILITY_VERSION } from "../compatibility.ts";
import { contextDigest } from "../steps/build-context.ts";

/** Label with the digest of all that an image is made from. An image that has it need not be built again. */
export const INPUTS_LABEL = "rbuild.inputs";

/** Digest of what decides an image's bytes: definition, Dockerfile and its files, parent image, time, architecture, this program's rules. */
export async function imageInputs(
  { definition, directory }: LocatedDefinition,
  surroundings: { readonly parent: string | undefined; readonly sourceDateEpoch: number; readonly architecture: string },
): Promise<Digest> {
  const { description: _, ...decisive } = definition;
  const context = definition.dockerfile === undefined ? undefined : await contextDigest(directory);
  return digestOf(canonicalJson({ compatibilityVersion: COMPATIBILITY_VERSION, definition: decisive as JsonValue, context, ...surroundings }));
}
