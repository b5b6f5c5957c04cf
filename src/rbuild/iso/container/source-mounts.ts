import { lstat, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "../../../system/index.ts";

/** How the project's directory is shown to a container: read-only, parts of it hidden under something empty. */
export interface SourceMounts {
  readonly directory: string;
  readonly masks: readonly { /** Relative to `directory`. */ readonly path: string /** An empty directory or file of the host. */; readonly empty: string }[];
}

/**
 * Hides `.git`, those of submodules, and the output of earlier builds: a build must not see what differs between two
 * checkouts of one commit.
 * @param options.staging directory where the empty things are made
 */
export async function planSourceMounts(
  directory: string,
  options: { readonly staging: string; readonly submodules: readonly string[]; readonly output: string | undefined },
): Promise<SourceMounts> {
  const empty = { directory: join(options.staging, "empty"), file: join(options.staging, "empty-file") };
  await mkdir(empty.directory, { recursive: true });
  await writeFile(empty.file, "");
  const hidden = [".git", ...options.submodules.map((path) => `${path}/.git`), ...(options.output === undefined ? [] : [options.output])];
  const masks: SourceMounts["masks"][number][] = [];
  for (const path of hidden) {
    const kind = await kindOf(join(directory, path));
    if (kind !== undefined) masks.push({ path, empty: empty[kind] });
  }
  return { directory, masks };
}

async function kindOf(path: string): Promise<"directory" | "file" | undefined> {
  try {
    const stat = await lstat(path);
    // A link is not mounted over: the mount would land where it points.
    return stat.isDirectory() ? "directory" : stat.isFile() ? "file" : undefined;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
