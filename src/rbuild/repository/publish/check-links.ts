import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError, RbuildError } from "../../../system/index.ts";

/**
 * Sees that none of a repository's own directories is a link, as a copy from elsewhere may have it: files would be written, and older ones
 * removed, where it leads.
 * @throws RbuildError `repository.link-inside`
 */
export async function checkNoLinks(directory: string, names: Iterable<string>): Promise<void> {
  for (const name of names)
    for (const path of [join(directory, name), join(directory, name, "sha256")]) {
      if (!(await isLink(path))) continue;
      throw new RbuildError("repository.link-inside", `${path} is a symbolic link: what is published would be written where it leads`, {
        category: "refused",
        hint: `find out who made it, and remove it: rm ${path}`,
        details: { path },
      });
    }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}
