import { access, constants, realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import { makeOwned } from "../export/make-owned.ts";
import type { Owner } from "../export/owner.ts";

export interface OutputDirectory {
  /** Real path. */
  readonly path: string;
  /** Path below the project's directory, when it is there: no change of the tree, and hidden from the build. */
  readonly insideTree: string | undefined;
}

/**
 * Where the artifacts will go. Makes nothing.
 * @param tree real path of the project's directory
 * @throws RbuildError `iso.output-covers-tree`
 */
export async function resolveOutput(path: string, tree: string): Promise<OutputDirectory> {
  const output = await realPathOf(resolve(path));
  if (output === tree || tree.startsWith(`${output === "/" ? "" : output}/`)) {
    throw new RbuildError("iso.output-covers-tree", `the output directory ${output} has the source tree in it`, {
      category: "invalid",
      hint: "rbuild iso --output DIRECTORY, elsewhere",
      details: { output, tree },
    });
  }
  const inside = relative(tree, output);
  return { path: output, insideTree: inside.startsWith("..") ? undefined : inside };
}

/** Makes the directory, belonging to the caller, if it is not there. @throws RbuildError `iso.output-not-writable` */
export async function makeOutput({ path }: OutputDirectory, owner: Owner): Promise<void> {
  try {
    await makeOwned(path, owner);
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new RbuildError("iso.output-not-writable", `the output directory ${path} cannot be written (${error.code})`, {
      category: "invalid",
      hint: "rbuild iso --output DIRECTORY, one that you may write",
      cause: error,
      details: { output: path, systemCode: error.code },
    });
  }
}

/** The real path of what may not be there yet. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isSystemError(error, "ENOENT") || dirname(path) === path) throw error;
    return join(await realPathOf(dirname(path)), basename(path));
  }
}
