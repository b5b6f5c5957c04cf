import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { asDiffId, type DiffId, DigestHasher } from "../../../oci/index.ts";
import { type TarInput, writeTar } from "../../../system/tar/index.ts";

/** An uncompressed layer that lies in a file. Its digest is its diff id. */
export interface LayerFile {
  readonly digest: DiffId;
  /** Bytes. */
  readonly size: number;
  readonly path: string;
}

/** Writes an uncompressed layer, hashing it on the way. */
export async function writeLayer(entries: Iterable<TarInput>, path: string, options: { readonly signal?: AbortSignal } = {}): Promise<LayerFile> {
  const hasher = new DigestHasher();
  await pipeline(hasher.through(writeTar(entries)), createWriteStream(path, { mode: 0o600, highWaterMark: 1024 * 1024 }), options);
  return { digest: asDiffId(hasher.digest()), size: hasher.size, path };
}
