import { constants, open } from "node:fs/promises";
import { join } from "node:path";
import { isSystemError } from "../../../system/index.ts";
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
  try {
    if (!(await handle.stat()).isFile()) return { kind: "absent" };
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.byteLength - length, null);
      length += bytesRead;
      if (length > maxBytes) return { kind: "too-large" };
      if (bytesRead === 0) return { kind: "bytes", bytes: new Uint8Array(buffer.subarray(0, length)) };
    }
  } finally {
    await handle.close();
  }
}
