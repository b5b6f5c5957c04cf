import { lchown, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isSystemError, pathExists, RbuildError, run } from "../system/index.ts";
import { STARTER_FILES } from "./starter-tree.ts";

/**
 * Writes the starter files into a Git tree; they belong to whom the tree belongs.
 * @returns their paths
 * @throws RbuildError `init.not-a-git-tree`, `init.file-exists`: then nothing was written
 */
export async function writeStarterTree(directory: string, options: { readonly signal?: AbortSignal } = {}): Promise<readonly string[]> {
  const tree = resolve(directory);
  await requireGitTree(tree, options);
  const paths = Object.keys(STARTER_FILES).map((name) => join(tree, name));
  for (const path of paths) if (await pathExists(path)) throw fileExists(path);
  const { uid, gid } = await stat(tree);
  for (const [name, text] of Object.entries(STARTER_FILES)) {
    const path = join(tree, name);
    await writeFile(path, text, { flag: "wx" }).catch((error: unknown) => {
      throw isSystemError(error, "EEXIST") ? fileExists(path) : error;
    });
    if (process.getuid?.() === 0) await lchown(path, uid, gid);
  }
  return paths;
}

async function requireGitTree(tree: string, options: { readonly signal?: AbortSignal }): Promise<void> {
  // Git refuses trees of other owners; who asks here only wants to know that it is one.
  const args = ["-c", "safe.directory=*", "-C", tree, "rev-parse", "--is-inside-work-tree"];
  const { stdout } = await run("git", args, { ...options, okCodes: [0, 128] });
  if (stdout.trim() === "true") return;
  throw new RbuildError("init.not-a-git-tree", `${tree} is not in a Git work tree`, { category: "invalid", hint: `git init ${tree}` });
}

function fileExists(path: string): RbuildError {
  return new RbuildError("init.file-exists", `${path} is there already and is not overwritten`, {
    category: "conflict",
    hint: "move it away, or write what is missing by hand: docs/rbuild-yaml.md",
    details: { path },
  });
}
