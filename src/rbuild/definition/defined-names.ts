import { join } from "node:path";
import { namesIn, pathExists } from "../../system/files.ts";

export const DEFINITION_FILE = "image.yaml";

/** A name is one path component; anything else would lead out of the directories. */
export const isPlainName = (name: string): boolean => /^[a-z0-9-]+$/.test(name);

/** Names of the directories below these that have a definition, whatever is in it; each once, in order. */
export async function definedNames(imageDirectories: readonly string[]): Promise<string[]> {
  return [...new Set((await Promise.all(imageDirectories.map(definedIn))).flat())].sort();
}

async function definedIn(parent: string): Promise<string[]> {
  const names = (await namesIn(parent)).filter(isPlainName);
  const isDefined = await Promise.all(names.map((name) => pathExists(join(parent, name, DEFINITION_FILE))));
  return names.filter((_name, index) => isDefined[index]);
}
