import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Digest, DigestHasher } from "../../../oci/index.ts";
import { readTar } from "../../../system/tar/index.ts";
import type { BuildWorkspace } from "../build-workspace.ts";

/** A blob of an image as the engine's archive of it has it. */
export interface SavedBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly path: string;
}

/** A blob that is made as it is read: reading ends in an error unless it is exactly the blob. */
export interface StreamedBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly read: () => AsyncIterable<Uint8Array>;
}

export function openBlob(blob: SavedBlob | StreamedBlob): AsyncIterable<Uint8Array> {
  return "read" in blob ? blob.read() : (createReadStream(blob.path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>);
}

/**
 * Finds blobs by their digests in what `docker save` gives of an image, whatever the archive calls them. Those not in it are left out.
 * @param onBytes is told the bytes of files that have come
 */
export async function fetchSavedBlobs(
  imageId: string,
  digests: readonly Digest[],
  { host, directory, signal, onBytes }: Pick<BuildWorkspace, "host" | "directory" | "signal"> & { readonly onBytes?: (bytes: number) => void },
): Promise<Map<Digest, SavedBlob>> {
  const wanted = new Set(digests);
  const found = new Map<Digest, SavedBlob>();
  const saved = (await host.getImage(imageId).get()) as AsyncIterable<Uint8Array> & NodeJS.ReadableStream;
  let [count, bytes] = [0, 0];
  for await (const entry of readTar(saved)) {
    signal?.throwIfAborted();
    if (entry.kind !== "file" || found.size === wanted.size) continue;
    const path = join(directory, `saved-${count++}`);
    const hasher = new DigestHasher();
    const hashed = async function* () {
      for await (const chunk of entry.body) {
        hasher.update(chunk);
        yield chunk;
        bytes += chunk.byteLength;
        onBytes?.(bytes);
      }
    };
    await pipeline(hashed, createWriteStream(path, { mode: 0o600 }), signal === undefined ? {} : { signal });
    const digest = hasher.digest();
    if (wanted.has(digest) && !found.has(digest)) found.set(digest, { digest, size: hasher.size, path });
    else await rm(path);
  }
  return found;
}
