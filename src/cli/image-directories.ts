import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { currentTree } from "./current-tree.ts";

/** Definitions that come with rbuild. */
const OWN = fileURLToPath(new URL("../../images", import.meta.url));

/** Where image definitions are looked for: the tree's own `images` first, then those that come with rbuild. */
export function imageDirectories(tree = currentTree()): readonly string[] {
  return [...new Set([resolve(tree, "images"), OWN])];
}
