import { open, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { isSystemError, tryFlock } from "../../system/index.ts";
import { createOwnedFile } from "../store/owned-file.ts";

/** The time during which an engine is open: a file that its process holds locked, which ends with the process however it ends. */
export interface Session extends AsyncDisposable {
  readonly id: string;
}

const sessionsDirectory = (runRoot: string): string => join(runRoot, "sessions");

export async function openSession(runRoot: string): Promise<Session> {
  const file = await createOwnedFile(sessionsDirectory(runRoot));
  return {
    id: basename(file.path),
    async [Symbol.asyncDispose]() {
      await rm(file.path, { force: true });
      await file[Symbol.asyncDispose]();
    },
  };
}

/** Whether the process of a session lives. A file that is gone is a session that is over. */
export async function isSessionAlive(runRoot: string, id: string): Promise<boolean> {
  try {
    await using handle = await open(join(sessionsDirectory(runRoot), basename(id)), "r+");
    return !tryFlock(handle.fd, "exclusive");
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return false;
    throw error;
  }
}
