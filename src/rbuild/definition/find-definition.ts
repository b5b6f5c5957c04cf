import { join } from "node:path";
import { namesIn, nearNames, pathExists, RbuildError } from "../../system/index.ts";
import { DEFINITION_FILE, type LocatedDefinition, readDefinition } from "./read-definition.ts";

/** A name is one path component; anything else would lead out of the directories. */
const PLAIN = /^[a-z0-9-]+$/;

/**
 * The definition of an image, from the first of the directories that has one.
 * @param above the image that stands on it, for messages
 * @throws RbuildError `definition.not-found`, `definition.invalid`, `definition.wrong-name`
 */
export async function findDefinition(name: string, imageDirectories: readonly string[], above?: string): Promise<LocatedDefinition> {
  for (const parent of PLAIN.test(name) ? imageDirectories : []) {
    const found = await readDefinition(join(parent, name));
    if (!found) continue;
    if (found.definition.name === name) return found;
    throw new RbuildError("definition.wrong-name", `${found.directory} defines the image ${found.definition.name}, not ${name}`, {
      category: "invalid",
      hint: `name the directory ${found.definition.name}, or the image ${name}`,
    });
  }
  const near = nearNames(name, new Set((await Promise.all(imageDirectories.map(definedIn))).flat()));
  const which = above === undefined ? "" : `, on which ${above} stands,`;
  throw new RbuildError("definition.not-found", `no image ${JSON.stringify(name)}${which} is defined in ${imageDirectories.join(" or ")}`, {
    category: "not-found",
    hint: near.length > 0 ? `there is ${near.join(", ")}` : "rbuild image list",
    details: { name, imageDirectories, near },
  });
}

/** Names of directories that have a definition, whatever is in it. */
async function definedIn(parent: string): Promise<string[]> {
  const names = (await namesIn(parent)).filter((name) => PLAIN.test(name));
  const isDefined = await Promise.all(names.map((name) => pathExists(join(parent, name, DEFINITION_FILE))));
  return names.filter((_name, index) => isDefined[index]);
}

/** The definitions of all directories by name; of several with one name, the first directory's. */
export async function listDefinitions(imageDirectories: readonly string[]): Promise<LocatedDefinition[]> {
  const names = new Set<string>();
  for (const parent of imageDirectories) for (const name of await definedIn(parent)) names.add(name);
  return Promise.all([...names].sort().map((name) => findDefinition(name, imageDirectories)));
}

/**
 * The definitions of an image and of those it stands on, bottom first.
 * @throws RbuildError `definition.cycle`, and those of `findDefinition`
 */
export async function readDefinitions(name: string, imageDirectories: readonly string[]): Promise<readonly LocatedDefinition[]> {
  const images: LocatedDefinition[] = [];
  for (let next: string | undefined = name; next !== undefined; next = images[0]?.definition.from) {
    if (images.some(({ definition }) => definition.name === next)) {
      const round = [next, ...images.map(({ definition }) => definition.name)].join(" from ");
      throw new RbuildError("definition.cycle", `the image ${name} stands on itself: ${round}`, { category: "invalid", hint: "change one from:" });
    }
    images.unshift(await findDefinition(next, imageDirectories, images[0]?.definition.name));
  }
  return images;
}
