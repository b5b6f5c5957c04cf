import { constants, mkdirSync, readlinkSync } from "node:fs";
import { join, posix } from "node:path";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import { O_PATH, type OpenedPath, openInRoot } from "../../../system/kernel/open-in-root.ts";

const MAX_LINKS = 40;

/**
 * Opens a directory of a container and makes what is missing of it, as `mkdir -p` inside would. Links are followed within the root.
 * @throws RbuildError `container.not-a-directory`
 */
export function makeDirectories(root: OpenedPath, path: string): OpenedPath {
  try {
    return openInRoot(root, path, O_PATH | constants.O_DIRECTORY);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw isSystemError(error, "ENOTDIR", "ELOOP") ? notDirectory(path, error) : error;
  }
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  let links = 0;
  let reached = "/";
  while (parts.length > 0) {
    const next = join(reached, parts.shift() ?? "");
    const link = makeOne(root, next);
    if (link === undefined) {
      reached = next;
      continue;
    }
    // a link to nothing yet: what it names is made instead
    if (++links > MAX_LINKS) throw notDirectory(path);
    parts.unshift(...link.split("/").filter((part) => part !== "" && part !== "."));
    if (link.startsWith("/")) reached = "/";
  }
  return openInRoot(root, reached, O_PATH | constants.O_DIRECTORY);
}

/** Makes one directory whose parent is there. Returns what a dangling link in its place says. */
function makeOne(root: OpenedPath, path: string): string | undefined {
  using parent = openInRoot(root, posix.dirname(path), O_PATH | constants.O_DIRECTORY);
  const name = posix.basename(path);
  try {
    mkdirSync(`${parent.path}/${name}`, { mode: 0o755 });
    return undefined;
  } catch (error) {
    if (!isSystemError(error, "EEXIST")) throw error;
  }
  try {
    openInRoot(root, path, O_PATH | constants.O_DIRECTORY)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    if (isSystemError(error, "ENOTDIR", "ELOOP")) throw notDirectory(path, error);
    if (!isSystemError(error, "ENOENT")) throw error;
    return readlinkSync(`${parent.path}/${name}`);
  }
}

const notDirectory = (path: string, cause?: unknown) =>
  new RbuildError("container.not-a-directory", `${path} in the container is not a directory`, { category: "invalid", cause, details: { path } });
