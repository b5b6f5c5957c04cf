import { canonicalJson, type Digest, digestOf, type JsonValue } from "../../../oci/index.ts";
import type { ImageDefinition } from "../../definition/schema.ts";
import type { LockedDefinition } from "../../lock/lock-operations.ts";
import { COMPATIBILITY_VERSION } from "../compatibility.ts";
import { type ContextEntry, readContext, readContextFiles } from "../steps/build-context.ts";

/** Label with the digest of all that an image is made from. An image that has it need not be built again. */
export const INPUTS_LABEL = "rbuild.inputs";

/** Everything that decides an image's bytes, field by field. */
export interface ImageInputs {
  readonly compatibilityVersion: number;
  /** As OCI says it: `linux/amd64`. */
  readonly architecture: string;
  /** The image below and its id. */
  readonly parent?: { readonly name: string; readonly imageId: string };
  /** Of the lock, which has everything that decides on packages and on time. */
  readonly lock: Digest;
  /** The fields that the lock does not have. */
  readonly definition: Readonly<Record<string, JsonValue>>;
  /** Files of the definition's directory by path: those that hooks and files name, or all of them when there is a Dockerfile. */
  readonly context: Readonly<Record<string, ContextEntry>>;
}

/** For people, or in the lock. Where an archive is has no part in what comes from it. */
const NOT_DECISIVE: ReadonlySet<keyof ImageDefinition> = new Set(["description", "suites", "preferences", "architectures", "variant", "packages", "offers"]);

/** @throws RbuildError `image.file-missing`, `definition.file-outside` */
export async function collectInputs(
  { located: { definition, directory }, lockDigest }: Pick<LockedDefinition, "located" | "lockDigest">,
  { parent, architecture }: Pick<ImageInputs, "parent" | "architecture">,
): Promise<ImageInputs> {
  const { hooks = [], files = [], dockerfile } = definition;
  const named = await readContextFiles(directory, [
    ...hooks,
    ...files.flatMap(({ source }) => source ?? []),
    ...(dockerfile === undefined ? [] : [dockerfile]),
  ]);
  const context = dockerfile === undefined ? named : await readContext(directory);
  const decisive = Object.entries(definition).filter(([field]) => !NOT_DECISIVE.has(field as keyof ImageDefinition));
  return {
    compatibilityVersion: COMPATIBILITY_VERSION,
    architecture,
    ...(parent === undefined ? {} : { parent }),
    lock: lockDigest,
    definition: Object.fromEntries(decisive) as Record<string, JsonValue>,
    context,
  };
}

export const digestOfInputs = (inputs: ImageInputs): Digest => digestOf(canonicalJson(inputs as unknown as JsonValue));
