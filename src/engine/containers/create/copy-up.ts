import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isSystemError, lock, RbuildError } from "../../../system/index.ts";
import { type OpenedPath, openInRoot, openPath } from "../../../system/kernel/open-in-root.ts";

export interface CopyUp {
  readonly rootfs: string;
  /** Where the volume goes, in the container. */
  readonly target: string;
  /** The volume's files. */
  readonly destination: string;
}

/** Gives an empty volume what the image has at its target: files, owner, mode. Nothing when the image has nothing there. */
export async function copyUp({ rootfs, target, destination }: CopyUp): Promise<void> {
  // beside the files, so that it goes with the volume
  await using _held = await lock(join(dirname(destination), "copy.lock"));
  if ((await readdir(destination)).length > 0) return;
  using root = openPath(rootfs);
  let source: OpenedPath;
  try {
    source = openInRoot(root, target, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "ELOOP")) return;
    throw error;
  }
  using opened = source;
  if ((await stat(opened.path)).isDirectory()) await copyTree(opened, destination);
}

/** cp(1) gets the directory as its descriptor 3: names inside the image are never followed on the way to it. */
async function copyTree(source: OpenedPath, destination: string): Promise<void> {
  const args = ["--archive", "--no-target-directory", "--", "/proc/self/fd/3/.", join(destination, ".")];
  await new Promise<void>((resolve, reject) => {
    const child = spawn("cp", args, { stdio: ["ignore", "ignore", "pipe", source.fd] });
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < 4096) stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else
        reject(new RbuildError("volume.copy-failed", `the image's files could not be copied into the volume: ${stderr.trim()}`, { details: { destination } }));
    });
  });
}
