import { join } from "node:path";
import { nearNames, RbuildError } from "../../system/index.ts";
import { definedNames, isPlainName } from "./defined-names.ts";
import { type LocatedDefinition, readDefinition } from "./read-definition.ts";

/**
 * The definition of an image, from the first of the directories that has one.
 * @param above the image that stands on it, for messages
 * @throws RbuildError `definition.not-found`, `definition.invalid`, `definition.wrong-name`
 */
export async function findDefinition(name: string, imageDirectories: readonly string[], above?: string): Promise<LocatedDefinition> {
  for (const parent of isPlainName(name) ? imageDirectories : []) {
    const found = await readDefinition(join(parent, name));
    if (!found) continue;
    if (found.definition.name === name) return found;
    throw new RbuildError("definition.wrong-name", `${found.directory} defines the image ${found.definition.name}, not ${name}`, {
      category: "invalid",
      hint: `name the directory ${found.definition.name}, or the image ${name}`,
    });
  }
  // Whoever names its directory or its reference means it.
  const meant = /([^/]*)\/*$/.exec(name.replace(/[:@].*$/, ""))?.[1] ?? name;
  const near = nearNames(meant, new Set(await definedNames(imageDirectories)));
  const which = above === undefined ? "" : `, on which ${above} stands,`;
  throw new RbuildError("definition.not-found", `no image ${JSON.stringify(name)}${which} is defined in ${imageDirectories.join(" or ")}`, {
    category: "not-found",
    hint: near.length > 0 ? `there is ${near.join(", ")}` : "rbuild image list",
    details: { name, imageDirectories, near },
  });
}

/** The definitions of all directories by name; of several with one name, the first directory's. @throws RbuildError those of `findDefinition` */
export async function listDefinitions(imageDirectories: readonly string[]): Promise<LocatedDefinition[]> {
  return Promise.all((await definedNames(imageDirectories)).map((name) => findDefinition(name, imageDirectories)));
}

/** A definition that is there and cannot be used: it, its pin or one below it is not right. */
export interface BrokenDefinition {
  readonly name: string;
  /** Why: category `invalid`, or that what it stands on is not there. */
  readonly error: RbuildError;
}

/** All definitions, or those of these names, with those that are not right told apart. @throws RbuildError `definition.not-found` of a name */
export async function surveyDefinitions(
  imageDirectories: readonly string[],
  names: readonly string[] = [],
): Promise<{ readonly located: readonly LocatedDefinition[]; readonly broken: readonly BrokenDefinition[] }> {
  const located: LocatedDefinition[] = [];
  const broken: BrokenDefinition[] = [];
  for (const name of names.length > 0 ? names : await definedNames(imageDirectories)) {
    const found = await ifSound(name, () => findDefinition(name, imageDirectories));
    if (!("error" in found)) located.push(found);
    else if (found.error.code === "definition.not-found") throw found.error;
    else broken.push(found);
  }
  return { located, broken };
}

/** What `body` finds of a definition, unless something of it is not right. */
export async function ifSound<T extends object>(name: string, body: () => Promise<T>): Promise<T | BrokenDefinition> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof RbuildError && (error.category === "invalid" || error.code === "definition.not-found")) return { name, error };
    throw error;
  }
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
