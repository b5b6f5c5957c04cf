import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError, RbuildError } from "../../system/index.ts";
import { type LocatedDefinition, readDefinition } from "./read-definition.ts";

/**
 * The definition of an image, from the first of the directories that has one.
 * @throws RbuildError `definition.not-found`, `definition.invalid`, `definition.wrong-name`
 */
export async function findDefinition(name: string, imageDirectories: readonly string[]): Promise<LocatedDefinition> {
  // A name is one path component; anything else would lead out of the directories.
  const plain = /^[a-z0-9-]+$/.test(name);
  for (const parent of plain ? imageDirectories : []) {
    const found = await readDefinition(join(parent, name));
    if (!found) continue;
    if (found.definition.name === name) return found;
    throw new RbuildError("definition.wrong-name", `${found.directory} defines the image ${found.definition.name}, not ${name}`, {
      category: "invalid",
      hint: `name the directory ${found.definition.name}, or the image ${name}`,
    });
  }
  throw new RbuildError("definition.not-found", `no image ${JSON.stringify(name)} is defined in ${imageDirectories.join(" or ")}`, {
    category: "not-found",
    hint: "rbuild image list",
    details: { name, imageDirectories },
  });
}

/** The definitions of all directories by name; of several with one name, the first directory's. */
export async function listDefinitions(imageDirectories: readonly string[]): Promise<LocatedDefinition[]> {
  const names = new Set<string>();
  for (const parent of imageDirectories) {
    const entries = await readdir(parent, { withFileTypes: true }).catch((error: unknown) => {
      if (isSystemError(error, "ENOENT")) return [];
      throw error;
    });
    for (const entry of entries) {
      if (entry.isDirectory() && (await readDefinition(join(parent, entry.name)))) names.add(entry.name);
    }
  }
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
    images.unshift(await findDefinition(next, imageDirectories));
  }
  return images;
}
