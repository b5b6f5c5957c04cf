import { realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { isSystemError, RbuildError } from "../../system/index.ts";

/**
 * Where a file lies that a definition names in its directory; it need not be there. A link may lead to another file of the directory and
 * nowhere else: a tree from elsewhere must not bring this host's files into an image.
 * @throws RbuildError `definition.file-outside`
 */
export async function ownFilePath(directory: string, name: string): Promise<string> {
  const path = join(directory, name);
  const [root, target] = await Promise.all([realpath(directory), realpath(path)]).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "ELOOP")) return [];
    throw error;
  });
  if (root === undefined || target === undefined || target.startsWith(`${root}${sep}`)) return path;
  throw new RbuildError("definition.file-outside", `${path} is a link that leads out of the definition's directory`, {
    category: "invalid",
    hint: "put the file itself there",
    details: { path },
  });
}
