import { readFile, stat } from "node:fs/promises";
import { dirname, join, posix, relative } from "node:path";
import { entriesBelow } from "../../system/entries-below.ts";
import { isSystemError, RbuildError } from "../../system/index.ts";

/** A file of this installation of rbuild. */
export interface ProgramFile {
  /** Relative to the installation, with `/`. */
  readonly path: string;
  readonly isExecutable: boolean;
}

const MAIN = "dist/cli/main.js";
const MAX_SOURCE_BYTES = 64 * 2 ** 20;
/** How the bundler writes the modules that a module imports, at once or when it needs them. */
const IMPORT = /["'`](\.{1,2}\/[A-Za-z0-9_./-]+\.js)["'`]/g;

/**
 * What rbuild needs to run: its launcher, the bundled program, the pinned Node and the definitions that come with it, in byte order.
 * @param root directory that has `bin/rbuild`
 * @throws RbuildError `capsule.no-program`
 */
export async function listProgramFiles(root: string): Promise<ProgramFile[]> {
  const node = `node_modules/node-linux-${process.arch}`;
  const fixed = ["bin/rbuild", "package.json", "LICENSE", `${node}/bin/node`, `${node}/LICENSE`, `${node}/package.json`];
  const paths = [...fixed, ...(await reachable(root, MAIN)), ...(await below(root, "images"))];
  const files = await Promise.all(paths.map(async (path) => ({ path, isExecutable: await isExecutable(root, path) })));
  return files.sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** A module and all that it leads to; what older builds left beside them is none of it. */
async function reachable(root: string, entry: string): Promise<string[]> {
  const found = new Set([entry]);
  for (const path of found) {
    const { size } = await statOf(root, path);
    if (size > MAX_SOURCE_BYTES) throw noProgram(root, `${path} has ${size} bytes`);
    for (const [, reference = ""] of (await readFile(join(root, path), "utf8")).matchAll(IMPORT)) {
      const target = posix.join(dirname(path), reference);
      // A text may look like an import.
      if (target.startsWith("dist/") && (await isFile(root, target))) found.add(target);
    }
  }
  return [...found];
}

async function below(root: string, directory: string): Promise<string[]> {
  const entries = await entriesBelow(join(root, directory));
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

async function isExecutable(root: string, path: string): Promise<boolean> {
  return ((await statOf(root, path)).mode & 0o100) !== 0;
}

async function isFile(root: string, path: string): Promise<boolean> {
  return stat(join(root, path)).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function statOf(root: string, path: string) {
  try {
    return await stat(join(root, path));
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) throw noProgram(root, `${path} is not there`);
    throw error;
  }
}

function noProgram(root: string, why: string): RbuildError {
  return new RbuildError("capsule.no-program", `${root} is no complete installation of rbuild: ${why}`, {
    category: "unavailable",
    hint: `make -C ${root} setup`,
    details: { root },
  });
}
