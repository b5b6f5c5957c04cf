import { closeSync, constants, lstatSync, mkdirSync, openSync, rmdirSync, statSync, unlinkSync } from "node:fs";
import { posix } from "node:path";
import { isSystemError } from "../../../system/index.ts";
import { O_PATH, type OpenedPath, openInRoot } from "../../../system/kernel/open-in-root.ts";
import { setModificationTime } from "../../../system/kernel/xattrs.ts";
import type { SpecMount } from "../../runtime/spec/runtime-spec.ts";
import type { MountStub } from "../state/container-record.ts";

/**
 * Makes what is missing in a root file system for mounts to be mounted on, parents first, so that it can be taken away again: a container's
 * changes shall not show what only the engine needed. Each is added to `stubs` as it is made. What lies inside another mount is left to
 * the runtime.
 */
export function makeMountStubs(root: OpenedPath, mounts: readonly SpecMount[], stubs: MountStub[]): void {
  const covered = mounts.map(({ destination }) => destination);
  for (const { destination, type, source } of mounts) {
    if (covered.some((other) => other !== destination && destination.startsWith(`${other}/`))) continue;
    const isFile = type === "bind" && !statSync(source).isDirectory();
    const parts = destination.split("/").filter(Boolean);
    parts.forEach((_, index) => {
      const path = `/${parts.slice(0, index + 1).join("/")}`;
      const stub = makeStub(root, path, !(isFile && index === parts.length - 1));
      if (stub) stubs.push(stub);
    });
  }
}

/** Undefined when something is there already, or when links lead elsewhere, which is the runtime's to judge. */
function makeStub(root: OpenedPath, path: string, isDirectory: boolean): MountStub | undefined {
  try {
    openInRoot(root, path, O_PATH)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) return undefined;
  }
  using parent = openInRoot(root, posix.dirname(path), O_PATH | constants.O_DIRECTORY);
  const before = statSync(parent.path, { bigint: true });
  const own = `${parent.path}/${posix.basename(path)}`;
  try {
    if (isDirectory) mkdirSync(own, { mode: 0o755 });
    else closeSync(openSync(own, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW, 0o644));
  } catch (error) {
    if (isSystemError(error, "EEXIST")) return undefined;
    throw error;
  }
  const after = statSync(parent.path, { bigint: true });
  return {
    path,
    isDirectory,
    parentBefore: String(before.mtimeNs),
    parentAfter: String(after.mtimeNs),
  };
}

/** Takes the stubs away that are still empty, children first, and gives their parents back the times they had. */
export function removeMountStubs(root: OpenedPath, stubs: readonly MountStub[]): void {
  for (const stub of stubs.toReversed()) {
    try {
      removeStub(root, stub);
    } catch (error) {
      // the container has changed it: then it is the container's
      if (!isSystemError(error)) throw error;
    }
  }
}

function removeStub(root: OpenedPath, { path, isDirectory, parentBefore, parentAfter }: MountStub): void {
  using parent = openInRoot(root, posix.dirname(path), O_PATH | constants.O_DIRECTORY);
  const own = `${parent.path}/${posix.basename(path)}`;
  const stats = lstatSync(own);
  if (isDirectory !== stats.isDirectory() || (!isDirectory && !(stats.isFile() && stats.size === 0))) return;
  const isUntouched = String(statSync(parent.path, { bigint: true }).mtimeNs) === parentAfter;
  if (isDirectory) rmdirSync(own);
  else unlinkSync(own);
  // through the descriptor, which itself is a link
  if (isUntouched) setModificationTime(`${parent.path}/.`, BigInt(parentBefore));
}
