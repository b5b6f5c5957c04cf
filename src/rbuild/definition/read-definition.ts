import { join } from "node:path";
import { RbuildError, readFileIfExists } from "../../system/index.ts";
import { DEFINITION_FILE } from "./defined-names.ts";
import { parseYaml } from "./parse-yaml.ts";
import { type ImageDefinition, imageDefinitionSchema } from "./schema.ts";

const MAX_DEFINITION_BYTES = 256 * 1024;

/** A definition and where it was found. */
export interface LocatedDefinition {
  readonly definition: ImageDefinition;
  /** Directory that has `image.yaml`, its Dockerfile and its pin. */
  readonly directory: string;
}

/**
 * The definition in `directory`, or undefined when there is none.
 * @throws RbuildError `definition.invalid`, whose message has every fault as `file:line: field: reason`
 */
export async function readDefinition(directory: string): Promise<LocatedDefinition | undefined> {
  const path = join(directory, DEFINITION_FILE);
  const bytes = await readFileIfExists(path, MAX_DEFINITION_BYTES);
  return bytes && { definition: parseDefinition(bytes.toString("utf8"), path), directory };
}

/** @param path names the text in errors */
export function parseDefinition(text: string, path: string): ImageDefinition {
  const parsed = parseYaml(text, imageDefinitionSchema);
  if (parsed.kind === "valid") return parsed.value;
  const faults = parsed.problems.map(({ line, field, message }) => `${path}:${line}: ${field === "" ? "" : `${field}: `}${message}`);
  throw new RbuildError("definition.invalid", faults.join("\n"), {
    category: "invalid",
    hint: `correct ${path}; docs/images.md lists the fields`,
    details: { path, problems: parsed.problems },
  });
}
