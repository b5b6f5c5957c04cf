import { createHash, type Hash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Digest } from "../../oci/index.ts";
import { isSystemError, tryFlock } from "../../system/index.ts";
import { noSpace } from "./pool-errors.ts";

const READ_BYTES = 1024 * 1024;

/**
 * A file on its way into a pool: hashed as it grows, flocked as long as somebody writes it, so that what a killed process left is known by
 * its free lock.
 */
export class IncomingFile implements AsyncDisposable {
  readonly path: string;
  /** Where the bytes so far came from and what that server calls this state of them: for If-Range. */
  origin: { readonly url: string; readonly validator: string } | undefined;
  readonly #handle: FileHandle;
  #hash: Hash = createHash("sha256");
  #size = 0;
  readonly #isTemporary: boolean;
  #isInPlace = false;

  private constructor(path: string, handle: FileHandle, isTemporary: boolean) {
    this.path = path;
    this.#isTemporary = isTemporary;
    this.#handle = handle;
  }

  /** A new file in `directory`, removed when disposed unless it was committed. */
  static async create(directory: string): Promise<IncomingFile> {
    for (;;) {
      const file = await IncomingFile.#open(join(directory, `${randomBytes(12).toString("hex")}.new`), true);
      if (file) return file;
    }
  }

  /** The file at `path` with what it has, or a new one. Undefined when somebody else is writing it. It stays when disposed, unless it is empty. */
  static resume(path: string): Promise<IncomingFile | undefined> {
    return IncomingFile.#open(path, false);
  }

  static async #open(path: string, isTemporary: boolean): Promise<IncomingFile | undefined> {
    for (;;) {
      const handle = await openOrMake(path);
      try {
        if (!tryFlock(handle.fd, "exclusive")) {
          await handle.close();
          return undefined;
        }
        // Between open and flock, whoever had the lock may have moved the file into the pool or removed it.
        if (await isStillAt(handle, path)) {
          const file = new IncomingFile(path, handle, isTemporary);
          await file.#readBack();
          return file;
        }
      } catch (error) {
        await handle.close();
        throw error;
      }
      await handle.close();
    }
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** @throws RbuildError `pool.no-space` */
  async write(chunk: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < chunk.byteLength; ) {
        const { bytesWritten } = await this.#handle.write(chunk, done, chunk.byteLength - done, this.#size + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw noSpace(error, this.path);
    }
    this.#hash.update(chunk);
    this.#size += chunk.byteLength;
  }

  /** Forgets what there is. */
  async restart(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = createHash("sha256");
    this.#size = 0;
    this.origin = undefined;
  }

  digest(): Digest {
    return `sha256:${this.#hash.copy().digest("hex")}` as Digest;
  }

  /**
   * Moves the file, complete and on disk, to where it belongs.
   * @param options.isPublic readable for everybody, else as the umask says
   */
  async commit(destination: string, { isPublic = true }: { readonly isPublic?: boolean } = {}): Promise<void> {
    try {
      if (isPublic) await this.#handle.chmod(0o644);
      await this.#handle.sync();
    } catch (error) {
      throw noSpace(error, this.path);
    }
    await rename(this.path, destination);
    this.#isInPlace = true;
  }

  async #readBack(): Promise<void> {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.byteLength, null);
      if (bytesRead === 0) return;
      this.#hash.update(buffer.subarray(0, bytesRead));
      this.#size += bytesRead;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isInPlace && (this.#isTemporary || this.#size === 0)) await rm(this.path, { force: true });
    await this.#handle.close();
  }
}

/** The directory goes when whoever handed a pool on has finished, and comes back for who has not. */
async function openOrMake(path: string): Promise<FileHandle> {
  for (;;) {
    try {
      return await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
    } catch (error) {
      if (!isSystemError(error, "ENOENT")) throw error;
      await mkdir(dirname(path), { recursive: true });
    }
  }
}

/** Whether the open file is the one that `path` names. */
export async function isStillAt(handle: FileHandle, path: string): Promise<boolean> {
  try {
    const [mine, named] = await Promise.all([handle.stat(), stat(path)]);
    return mine.ino === named.ino && mine.dev === named.dev;
  } catch (error) {
    if (isSystemError(error, "ENOENT")) return false;
    throw error;
  }
}
