import { type Digest, DigestHasher } from "../oci/index.ts";
import { replaceFile, type TarInput, writeTar } from "../system/index.ts";

export interface TarFileOptions {
  readonly signal?: AbortSignal;
  /** Bytes written so far. */
  readonly onProgress?: (bytes: number) => void;
}

/** Writes a tar of these members: all of it or nothing, with the same bytes for the same members. */
export async function writeTarFile(
  path: string,
  members: Iterable<TarInput>,
  { signal, onProgress }: TarFileOptions = {},
): Promise<{ readonly size: number; readonly digest: Digest }> {
  const hasher = new DigestHasher();
  await replaceFile(path, async (handle) => {
    for await (const chunk of writeTar(members)) {
      signal?.throwIfAborted();
      hasher.update(chunk);
      await handle.appendFile(chunk);
      onProgress?.(hasher.size);
    }
  });
  return { size: hasher.size, digest: hasher.digest() };
}
