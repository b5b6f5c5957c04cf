import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Digest } from "../oci/index.ts";
import { syncDirectory, type TarInput, writeTar } from "../system/index.ts";
import { removeAbandoned } from "./pool/abandoned-files.ts";
import { IncomingFile } from "./pool/incoming-file.ts";

export interface TarFileOptions {
  readonly signal?: AbortSignal;
  /** Bytes written so far. */
  readonly onProgress?: (bytes: number) => void;
}

/**
 * Writes a tar of these members: all of it or nothing, with the same bytes for the same members. What killed processes left in the same
 * directory is removed.
 * @throws RbuildError `pool.no-space`
 */
export async function writeTarFile(
  path: string,
  members: Iterable<TarInput>,
  { signal, onProgress }: TarFileOptions = {},
): Promise<{ readonly size: number; readonly digest: Digest }> {
  const directory = dirname(path);
  await stat(directory); // a stick that is not there is not made
  await removeAbandoned(directory);
  await using file = await IncomingFile.create(directory);
  for await (const chunk of writeTar(members)) {
    signal?.throwIfAborted();
    await file.write(chunk);
    onProgress?.(file.size);
  }
  await file.commit(path, { isPublic: false });
  await syncDirectory(directory);
  return { size: file.size, digest: file.digest() };
}
