import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";

/** Where administrators' programs are, which the PATH of other users leaves out. */
const SBIN = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** The first of the names that is an executable in PATH or an `sbin` folder, or, for an absolute path, a readable file. */
export async function findProgram(names: readonly string[]): Promise<string | undefined> {
  const folders = [...new Set([...(process.env["PATH"] ?? "").split(delimiter).filter(isAbsolute), ...SBIN])];
  for (const name of names) {
    const [paths, mode] = isAbsolute(name) ? [[name], constants.R_OK] : [folders.map((folder) => join(folder, name)), constants.X_OK];
    for (const path of paths) if (await isAccessible(path, mode)) return path;
  }
  return undefined;
}

async function isAccessible(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    return false;
  }
}
