import type { ContentStore } from "../../../src/engine/index.ts";
import { type Digest, digestOf } from "../../../src/oci/index.ts";
import { RbuildError } from "../../../src/system/index.ts";

/** Taken of a blob at most, as a disk would. Bytes. */
const ROOM = 16 * 1024 * 1024;

/** A content store in memory, for parsers that put blobs into one. */
export function memoryContent(): ContentStore {
  const blobs = new Map<Digest, Buffer>();
  const refuse = (code: string) => new RbuildError(`content.${code}`, "it is not what it must be", { category: "invalid" });
  return {
    async ingest(source, expected = {}) {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of source instanceof Uint8Array ? [source] : source) {
        size += chunk.byteLength;
        if (size > Math.min(ROOM, expected.maxSize ?? ROOM)) throw refuse("too-large");
        chunks.push(Uint8Array.from(chunk));
      }
      const bytes = Buffer.concat(chunks);
      const digest = digestOf(bytes);
      if (expected.size !== undefined && expected.size !== size) throw refuse("size-mismatch");
      if (expected.digest !== undefined && expected.digest !== digest) throw refuse("digest-mismatch");
      blobs.set(digest, bytes);
      return { digest, size };
    },
    async stat(digest) {
      const bytes = blobs.get(digest);
      return bytes && { digest, size: bytes.byteLength };
    },
    async *open({ digest }) {
      yield await this.read(digest, ROOM);
    },
    async read(digest, maxBytes) {
      const bytes = blobs.get(digest);
      if (!bytes) throw refuse("not-found");
      if (bytes.byteLength > maxBytes) throw refuse("too-large");
      return bytes;
    },
    async *list() {
      for (const [digest, bytes] of blobs) yield { digest, size: bytes.byteLength };
    },
    async remove(digest) {
      blobs.delete(digest);
    },
  };
}
