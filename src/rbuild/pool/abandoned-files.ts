import { constants } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError, namesIn, tryFlock } from "../../system/index.ts";
import { isStillAt } from "./incoming-file.ts";

/** What an `IncomingFile` is called until it is moved. */
const INCOMING = /^[0-9a-f]{24}\.new$/;

/** Removes files that killed processes were writing in a directory: nobody has their lock any more. */
export async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await namesIn(directory)) {
    if (!INCOMING.test(name)) continue;
    const path = join(directory, name);
    try {
      await using handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      if (tryFlock(handle.fd, "exclusive") && (await isStillAt(handle, path))) await rm(path, { force: true });
    } catch (error) {
      // Moved or removed meanwhile, or somebody else's: anybody may make such names in a directory like /tmp.
      if (!isSystemError(error, "ENOENT", "EACCES", "EPERM", "EISDIR", "ELOOP", "ENXIO")) throw error;
    }
  }
}
