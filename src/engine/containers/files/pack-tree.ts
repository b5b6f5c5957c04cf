import { spawn } from "node:child_process";
import { missingTool, RbuildError, toolEnvironment } from "../../../system/index.ts";
import type { OpenedPath } from "../../../system/kernel/open-in-root.ts";

/** All that a file system keeps of a file, times of reading left out. */
const EXACT = [
  "--create",
  "--file=-",
  "--format=posix",
  "--xattrs",
  "--xattrs-include=*",
  "--acls",
  "--numeric-owner",
  "--sort=name",
  "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
];
const MAX_STDERR = 16 * 1024;

/**
 * A tar of what lies in an open directory. GNU tar gets it as its descriptor 3 and never follows a link below it, so that a container that
 * moves its files meanwhile can only get its own files packed. Files that change or vanish meanwhile are packed as they are met.
 * @param args what to pack, relative to the directory, and options for it
 * @throws RbuildError `container.archive-failed`
 */
export async function* packTree(directory: OpenedPath, args: readonly string[], input: string | Uint8Array = ""): AsyncGenerator<Buffer, void, undefined> {
  const child = spawn("tar", [...EXACT, "--directory=/proc/self/fd/3", ...args], {
    stdio: ["pipe", "pipe", "pipe", directory.fd],
    env: toolEnvironment(),
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    if (stderr.length < MAX_STDERR) stderr += text;
  });
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(input);
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", (error: NodeJS.ErrnoException) => reject(error.code === "ENOENT" ? missingTool("tar", error) : error));
    child.on("close", (code) => resolve(code ?? -1));
  });
  ended.catch(() => undefined);
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    // 1: some files changed as they were read
    if (![0, 1].includes(await ended)) {
      throw new RbuildError("container.archive-failed", `the container's files could not be packed: ${stderr.trim().split("\n").slice(-3).join("; ")}`);
    }
  } finally {
    child.kill("SIGKILL");
    await ended.catch(() => undefined);
  }
}
