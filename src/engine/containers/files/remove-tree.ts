import { constants, lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { O_PATH, type OpenedPath, openInRoot } from "../../../system/kernel/open-in-root.ts";

const MAX_DEPTH = 1000;

/** `directory/name` as bytes, under the directory's descriptor. */
export function childPath(directory: OpenedPath, name: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${directory.path}/`), name]);
}

/**
 * Removes a file, or a directory with all that is in it. Each directory is entered by its descriptor, so that one that a container puts a link
 * in its place meanwhile leads nowhere else.
 */
export function removeTree(parent: OpenedPath, name: Uint8Array, depth = 0): void {
  const path = childPath(parent, name);
  if (!lstatSync(path).isDirectory() || depth > MAX_DEPTH) {
    unlinkSync(path);
    return;
  }
  {
    using directory = openInRoot(parent, name, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    for (const child of readdirSync(`${directory.path}/.`, { encoding: "buffer" })) removeTree(directory, child, depth + 1);
  }
  rmdirSync(path);
}
