import { closeSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isSystemError, tryFlock } from "../../system/index.ts";
import { identifyProcess, isProcessAlive, type ProcessIdentity } from "../../system/kernel/pidfd.ts";
import { createOwnedFile } from "../store/owned-file.ts";

/** The time during which an engine is open: a file that its process holds locked, which ends with the process however it ends. */
export interface Session extends AsyncDisposable {
  readonly id: string;
}

/** What the file says of its process. */
interface SessionOwner extends ProcessIdentity {
  /** Process numbers mean nothing in another one. */
  readonly pidNamespace: string;
}

const sessionsDirectory = (runRoot: string): string => join(runRoot, "sessions");
const ownPidNamespace = (): string => readlinkSync("/proc/self/ns/pid");

export async function openSession(runRoot: string): Promise<Session> {
  const file = await createOwnedFile(sessionsDirectory(runRoot));
  const owner = { ...identifyProcess(process.pid), pidNamespace: ownPidNamespace() };
  writeFileSync(file.handle.fd, JSON.stringify(owner));
  return {
    id: basename(file.path),
    async [Symbol.asyncDispose]() {
      rmSync(file.path, { force: true });
      await file[Symbol.asyncDispose]();
    },
  };
}

/**
 * Whether the process of a session lives. A file that is gone is a session that is over. The lock alone would not do: a child that was forked
 * when its parent was killed holds it on until it comes to run its program.
 */
export async function isSessionAlive(runRoot: string, id: string): Promise<boolean> {
  let fd: number | undefined;
  try {
    fd = openSync(join(sessionsDirectory(runRoot), basename(id)), "r+");
    if (tryFlock(fd, "exclusive")) return false;
    const owner = parseOwner(readFileSync(fd, "utf8"));
    return owner === undefined || owner.pidNamespace !== ownPidNamespace() || isProcessAlive(owner);
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return false;
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Undefined while it is being written. */
function parseOwner(text: string): SessionOwner | undefined {
  try {
    const { pid, startTime, pidNamespace } = JSON.parse(text) as Partial<SessionOwner>;
    return typeof pid === "number" && typeof startTime === "number" && typeof pidNamespace === "string" ? { pid, startTime, pidNamespace } : undefined;
  } catch {
    return undefined;
  }
}
