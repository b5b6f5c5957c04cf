import { lstat, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "../../../system/index.ts";

/** How the project's directory is shown to a container: read-only, parts of it hidden under something empty. */
export interface SourceMounts {
  readonly directory: string;
  readonly masks: readonly SourceMask[];
  /** What is mounted inside, relative to `directory`: a bind mount takes it along, but makes only its own top read-only. */
  readonly mounts: readonly string[];
}

export interface SourceMask {
  /** Relative to the source's directory. */
  readonly path: string;
  /** An empty directory or file of the host. */
  readonly empty: string;
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
  const masks: SourceMask[] = [];
  for (const path of hidden) {
    const kind = await kindOf(join(directory, path));
    if (kind !== undefined) masks.push({ path, empty: empty[kind] });
  }
  const mounts = mountsBelow(directory, await readFile("/proc/self/mountinfo", "utf8"));
  return { directory, masks, mounts: mounts.filter((path) => !hidden.some((each) => path === each || path.startsWith(`${each}/`))) };
}

/** Mount points below a directory, relative to it, each once and outer ones first. proc(5), mountinfo. */
export function mountsBelow(directory: string, mountinfo: string): string[] {
  const points = mountinfo
    .split("\n")
    .map((line) => (line.split(" ")[4] ?? "").replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
  const below = points.filter((point) => point.startsWith(`${directory}/`)).map((point) => point.slice(directory.length + 1));
  return [...new Set(below)].sort((a, b) => (a < b ? -1 : 1));
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
