import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { FileContent } from "./tree.ts";

const CHUNK = 256 * 1024;

/** A file that the contents of a root file system lie in one after the other, so that they can be read in another order. */
export class Spool implements AsyncDisposable {
  readonly #handle: FileHandle;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Bytes written to the file. */
  #written = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(path: string): Promise<Spool> {
    return new Spool(await open(path, "w+", 0o600));
  }

  /** Takes a whole content in. */
  async add(body: AsyncIterable<Uint8Array>): Promise<FileContent> {
    const hash = createHash("sha256");
    const offset = this.#written + this.#pendingBytes;
    let size = 0;
    for await (const chunk of body) {
      hash.update(chunk);
      size += chunk.byteLength;
      this.#pending.push(chunk);
      this.#pendingBytes += chunk.byteLength;
      if (this.#pendingBytes >= CHUNK) await this.#flush();
    }
    return { size, sha256: hash.digest("hex"), place: { kind: "spool", offset } };
  }

  /** A content taken in before. */
  async *read(offset: number, size: number): AsyncGenerator<Buffer, void, undefined> {
    await this.#flush();
    for (let done = 0; done < size; ) {
      const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafe(Math.min(CHUNK, size - done)), 0, undefined, offset + done);
      if (bytesRead === 0) throw new Error("the spool is shorter than what was written to it");
      done += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async #flush(): Promise<void> {
    const chunks = this.#pending;
    this.#pending = [];
    this.#written += this.#pendingBytes;
    this.#pendingBytes = 0;
    if (chunks.length === 0) return;
    const expected = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    const { bytesWritten } = await this.#handle.writev(chunks);
    if (bytesWritten !== expected) throw Object.assign(new Error("ENOSPC: write to the spool"), { code: "ENOSPC", syscall: "writev" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
