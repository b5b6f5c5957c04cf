import { constants, open } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError, readWithin } from "../../../system/index.ts";
import type { MetadataSource, Received } from "./metadata-source.ts";

/** A directory: a checkout's `keys/`, a mounted stick, what a client keeps. Follows no link at a path's end and waits for no pipe. */
export function openDirectorySource(directory: string): MetadataSource {
  return { name: directory, read: (path, maxBytes) => readBounded(join(directory, path), maxBytes) };
}

async function readBounded(path: string, maxBytes: number): Promise<Received> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "ELOOP", "ENXIO")) return undefined;
    throw error;
  });
  if (!handle) return { kind: "absent" };
  await using opened = handle;
  if (!(await opened.stat()).isFile()) return { kind: "absent" };
  const bytes = await readWithin(opened, maxBytes);
  return bytes ? { kind: "bytes", bytes: new Uint8Array(bytes) } : { kind: "too-large" };
}
