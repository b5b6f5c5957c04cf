import { createReadStream, statSync } from "node:fs";
import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestFromHex, digestHex, digestOf, isDigest } from "../../oci/index.ts";
import { isSystemError, readFileIfExists } from "../../system/index.ts";
import { prepareLayout, type StoreLayout, storeLayout } from "../store/layout.ts";
import { sweepOwnedFiles } from "../store/owned-file.ts";
import { corrupt, notFound, tooLarge } from "./content-errors.ts";
import type { BlobInfo, ByteStream, ContentStore, ExpectedBlob } from "./content-store.ts";
import { ingestFile } from "./ingest-file.ts";
import { verified } from "./verified-stream.ts";

const READ_SIZE = 256 * 1024;

export interface DirContentStoreOptions {
  /** The engine's root; blobs are in `image/blobs/sha256` below it. */
  readonly root: string;
  /** Wait until the disk has a blob before it is visible; default true. Without it a power cut can leave damaged blobs, a killed process never. */
  readonly sync?: boolean;
}

/** Opens the store, making its directories, and removes what dead processes left of unfinished ingests. @throws RbuildError `store.not-writable` */
export async function openDirContentStore(options: DirContentStoreOptions): Promise<DirContentStore> {
  const layout = storeLayout(options.root);
  await prepareLayout(layout);
  await sweepOwnedFiles(layout.ingest);
  return new DirContentStore(layout, options.sync ?? true);
}

/** Blobs as files of an OCI image layout, named by their digest. */
export class DirContentStore implements ContentStore {
  readonly #layout: StoreLayout;
  readonly #sync: boolean;

  constructor(layout: StoreLayout, sync: boolean) {
    this.#layout = layout;
    this.#sync = sync;
  }

  ingest(source: ByteStream | Uint8Array, expected: ExpectedBlob = {}, options: { readonly signal?: AbortSignal } = {}): Promise<BlobInfo> {
    return ingestFile(this.#layout, source, expected, { sync: this.#sync, ...options });
  }

  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    const found = statSync(this.#path(digest), { throwIfNoEntry: false });
    return found && { digest, size: found.size };
  }

  async *open(
    descriptor: { readonly digest: Digest; readonly size: number },
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { digest, size } = descriptor;
    const path = this.#path(digest);
    await using handle = await open(path).catch((error: unknown) => {
      throw isSystemError(error, "ENOENT") ? notFound(digest) : error;
    });
    const actual = (await handle.stat()).size;
    if (actual !== size) throw corrupt(digest, `it has ${actual} bytes instead of ${size}`);
    const stream = createReadStream(path, { fd: handle, autoClose: false, highWaterMark: READ_SIZE, ...(options.signal ? { signal: options.signal } : {}) });
    try {
      yield* verified(stream as AsyncIterable<Buffer>, descriptor);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error;
    }
  }

  async read(digest: Digest, maxBytes: number): Promise<Uint8Array> {
    const info = await this.stat(digest);
    if (!info) throw notFound(digest);
    if (info.size > maxBytes) throw tooLarge(digest, info.size, maxBytes);
    const bytes = await readFileIfExists(this.#path(digest), maxBytes);
    if (!bytes) throw notFound(digest);
    if (digestOf(bytes) !== digest) throw corrupt(digest, `its content has the digest ${digestOf(bytes)}`);
    return bytes;
  }

  async *list(): AsyncGenerator<BlobInfo, void, undefined> {
    const names = (await readdir(this.#layout.blobs)).filter((name) => isDigest(`sha256:${name}`)).sort();
    for (const name of names) {
      const info = await this.stat(digestFromHex(name));
      if (info) yield info;
    }
  }

  async remove(digest: Digest): Promise<void> {
    await rm(this.#path(digest), { force: true });
  }

  #path(digest: Digest): string {
    return join(this.#layout.blobs, digestHex(digest));
  }
}
