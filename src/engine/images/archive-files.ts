import { isDigest, MAX_CONFIG_BYTES } from "../../oci/index.ts";
import { byteString, expandSparse, fileSize, RbuildError, readTar, relativeTarPath, type TarEntry, textOf } from "../../system/index.ts";
import type { BlobInfo, ByteStream, ContentStore } from "../content/content-store.ts";
import { type Compression, detectCompression } from "../content/decompress.ts";
import { imageIncomplete, imageInvalid } from "./image-errors.ts";

const MAX_ENTRIES = 50_000;
/** Holes of sparse files are stored as zeros. */
const MAX_FILE_BYTES = 256 * 1024 ** 3;
/** Documents that say what the archive's blobs are; of each kind an archive has one. */
const DOCUMENTS: ReadonlySet<string> = new Set(["index.json", "manifest.json", "oci-layout", "repositories"]);
/** What Docker wrote beside every layer for clients from before content had digests. */
const IGNORED = /(?:^|\/)(?:VERSION|json)$/;

/** A file of an archive that is in the store now. */
export interface StoredFile extends BlobInfo {
  readonly compression: Compression;
}

/** What an image archive holds: its documents in memory, everything else in the content store. */
export class ArchiveFiles {
  readonly #documents = new Map<string, Buffer>();
  readonly #blobs = new Map<string, StoredFile>();
  readonly #links = new Map<string, string>();

  /**
   * Stores the files of an archive as they come: what they are is only known at its end. Blobs of an OCI layout must be what their names say.
   * @throws RbuildError `image.invalid`, `tar.*`, `content.*`
   */
  static async read(archive: ByteStream, content: Pick<ContentStore, "ingest">, options: { readonly signal?: AbortSignal }): Promise<ArchiveFiles> {
    const files = new ArchiveFiles();
    let count = 0;
    for await (const entry of readTar(archive)) {
      if (++count > MAX_ENTRIES) throw imageInvalid("the archive", `it has more than ${MAX_ENTRIES} files`);
      const path = relativeTarPath(entry.path);
      if (path !== undefined && path !== "") await files.#take(textOf(path), entry, content, options);
    }
    return files;
  }

  async #take(path: string, entry: TarEntry, content: Pick<ContentStore, "ingest">, options: { readonly signal?: AbortSignal }): Promise<void> {
    switch (entry.kind) {
      case "symlink":
        this.#links.set(path, joinLink(path, textOf(entry.linkPath)));
        return;
      case "hardlink":
        this.#links.set(path, textOf(relativeTarPath(entry.linkPath) ?? byteString("")));
        return;
      case "file":
        break;
      default:
        return;
    }
    if (DOCUMENTS.has(path)) this.#documents.set(path, await document(path, entry));
    else if (!IGNORED.test(path)) {
      if (fileSize(entry) > MAX_FILE_BYTES) throw tooLarge(path, entry);
      const { compression, stream } = await detectCompression(expandSparse(entry));
      const named = `sha256:${/^blobs\/sha256\/([0-9a-f]{64})$/.exec(path)?.[1] ?? ""}`;
      const expected = { size: fileSize(entry), ...(isDigest(named) ? { digest: named } : {}) };
      this.#blobs.set(path, { ...(await content.ingest(stream, expected, options)), compression });
    }
  }

  document(path: string): Buffer | undefined {
    return this.#documents.get(path);
  }

  /** A stored file, through the archive's links. @throws RbuildError `image.incomplete` */
  blob(path: string): StoredFile {
    let at = path;
    for (let turn = 0; turn < 10; turn++) {
      const file = this.#blobs.get(at);
      if (file !== undefined) return file;
      const target = this.#links.get(at);
      if (target === undefined) break;
      at = target;
    }
    throw imageIncomplete("the archive", path);
  }
}

async function document(path: string, entry: TarEntry): Promise<Buffer> {
  if (fileSize(entry) > MAX_CONFIG_BYTES) throw tooLarge(path, entry);
  return Buffer.concat(await Array.fromAsync(expandSparse(entry)));
}

const tooLarge = (path: string, entry: TarEntry) =>
  new RbuildError("image.too-large", `the archive's ${path} has ${fileSize(entry)} bytes`, { category: "invalid" });

/** `a/b/layer.tar` and `../c/layer.tar` make `a/c/layer.tar`; nothing is ever opened by such a path. */
function joinLink(path: string, target: string): string {
  const parts: string[] = [];
  for (const part of [...path.split("/").slice(0, -1), ...target.split("/")]) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}
