import { chmod, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { DigestHasher, digestHex } from "../../oci/index.ts";
import { asBuffer, coalesce, isSystemError, syncDirectory } from "../../system/index.ts";
import type { StoreLayout } from "../store/layout.ts";
import { createOwnedFile, type OwnedFile } from "../store/owned-file.ts";
import { digestMismatch, noSpace, sizeMismatch, tooLarge } from "./content-errors.ts";
import type { BlobInfo, ByteStream, ExpectedBlob } from "./content-store.ts";

/** Writes a blob beside the store, checks it, and moves it in. What is there under the same name is replaced, so damage heals. */
export async function ingestFile(
  layout: StoreLayout,
  source: ByteStream | Uint8Array,
  expected: ExpectedBlob,
  options: { readonly sync: boolean; readonly signal?: AbortSignal },
): Promise<BlobInfo> {
  await using file = await createOwnedFile(layout.ingest);
  try {
    const blob = await write(file, chunks(source, options.signal), expected);
    if (expected.size !== undefined && blob.size !== expected.size) throw sizeMismatch(expected.size, blob.size);
    if (expected.digest !== undefined && blob.digest !== expected.digest) throw digestMismatch(expected.digest, blob.digest);
    if (options.sync) await file.handle.sync();
    await chmod(file.path, 0o444);
    await rename(file.path, join(layout.blobs, digestHex(blob.digest)));
    if (options.sync) await syncDirectory(layout.blobs);
    return blob;
  } catch (error) {
    await rm(file.path, { force: true });
    throw isSystemError(error, "ENOSPC", "EDQUOT") ? noSpace(layout.root, error) : error;
  }
}

async function* chunks(source: ByteStream | Uint8Array, signal: AbortSignal | undefined): AsyncGenerator<Buffer, void, undefined> {
  signal?.throwIfAborted();
  if (source instanceof Uint8Array) {
    yield asBuffer(source);
    return;
  }
  for await (const chunk of source) {
    signal?.throwIfAborted();
    yield asBuffer(chunk);
  }
}

/** Hashes the next chunk while the one before is written. */
async function write(file: OwnedFile, source: AsyncIterable<Buffer>, expected: ExpectedBlob): Promise<BlobInfo> {
  const hasher = new DigestHasher();
  let writing: Promise<unknown> = Promise.resolve();
  try {
    for await (const chunk of coalesce(source)) {
      hasher.update(chunk);
      if (expected.size !== undefined && hasher.size > expected.size) throw sizeMismatch(expected.size, hasher.size);
      if (expected.maxSize !== undefined && hasher.size > expected.maxSize) throw tooLarge(expected.digest, hasher.size, expected.maxSize);
      await writing;
      writing = file.handle.writeFile(chunk);
      // A failure is thrown by the await above or below; until then it must not count as unhandled.
      writing.catch(() => undefined);
    }
  } finally {
    await writing;
  }
  return { digest: hasher.digest(), size: hasher.size };
}
