import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { isSystemError } from "../../../system/index.ts";
import { noSpaceLeft } from "../preflight/free-space.ts";

/** The complete output of a build, byte for byte, on disk as it comes. */
export interface BuildLog extends AsyncDisposable {
  readonly path: string;
  /** @throws RbuildError `iso.no-space` */
  write(data: Uint8Array): Promise<void>;
}

/** @param path in the staging directory */
export async function openBuildLog(path: string): Promise<BuildLog> {
  const file = await open(path, "wx", 0o600);
  return {
    path,
    async write(data) {
      try {
        await file.writeFile(data);
      } catch (error) {
        throw isSystemError(error, "ENOSPC", "EDQUOT") ? noSpaceLeft(dirname(dirname(path)), error) : error;
      }
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}
