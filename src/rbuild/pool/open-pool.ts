import { constants } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Digest } from "../../oci/index.ts";
import { isFileOfSize, isSystemError, RbuildError, tryFlock } from "../../system/index.ts";
import { verifiedBytes } from "../verified-bytes.ts";
import { IncomingFile, isStillAt } from "./incoming-file.ts";
import type { Pool, PoolItem } from "./pool.ts";
import { itemDetails, VENDOR_HINT, wrongBytes } from "./pool-errors.ts";

/** The pool of a state directory. */
export const poolDirectory = (stateDirectory: string): string => join(stateDirectory, "pool");

/** Where an item lies in a pool's directory, and below a publisher's URL. */
export function itemPath(sha256: Digest): string {
  const hex = sha256.slice("sha256:".length);
  return `sha256/${hex.slice(0, 2)}/${hex}`;
}

/** What a fetch has got so far: it survives its process and is taken up by the next one. */
export const partPath = (pool: Pool, sha256: Digest): string => join(temporaryDirectory(pool.directory), `${sha256.slice("sha256:".length)}.part`);

/** Bytes read at once. */
const READ_BYTES = 256 * 1024;
/** A part nobody has gone on with for so long is removed. Milliseconds. */
const PART_AGE = 14 * 24 * 3600 * 1000;

/** The pool in a directory, which is made unless it is there. What killed processes left in it is removed. */
export async function openPool(directory: string): Promise<Pool> {
  await mkdir(join(directory, "sha256"), { recursive: true });
  await mkdir(temporaryDirectory(directory), { recursive: true });
  await removeLeftovers(temporaryDirectory(directory));
  return new DirPool(directory);
}

/** The pool in a directory as it is, for who only looks: nothing is made or removed, and it need not be there. */
export function viewPool(directory: string): Pool {
  return new DirPool(directory);
}

class DirPool implements Pool {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  pathOf(sha256: Digest): string {
    return join(this.directory, itemPath(sha256));
  }

  has({ sha256, size }: Pick<PoolItem, "sha256" | "size">): Promise<boolean> {
    return isFileOfSize(this.pathOf(sha256), size);
  }

  async put(item: PoolItem, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    await using file = await IncomingFile.create(temporaryDirectory(this.directory));
    for await (const chunk of bytes) {
      if (file.size + chunk.byteLength > item.size) throw wrongBytes(item, { size: file.size + chunk.byteLength, more: true });
      await file.write(chunk);
    }
    await takeIn(this, item, file);
  }

  async *read(item: PoolItem): AsyncGenerator<Buffer, void, undefined> {
    const path = this.pathOf(item.sha256);
    await using handle = await openItem(path, item);
    yield* verifiedBytes(chunksOf(handle), { digest: item.sha256, size: item.size }, async () => {
      if (await isStillAt(handle, path)) await rm(path, { force: true });
      return damaged(item);
    });
  }
}

async function* chunksOf(handle: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Takes a complete file into the pool. @throws RbuildError `pool.wrong-bytes` */
export async function takeIn(pool: Pool, item: PoolItem, file: IncomingFile): Promise<void> {
  const found = { sha256: file.digest(), size: file.size };
  if (found.sha256 !== item.sha256 || found.size !== item.size) throw wrongBytes(item, found);
  const destination = pool.pathOf(item.sha256);
  await mkdir(dirname(destination), { recursive: true });
  await file.commit(destination);
}

const temporaryDirectory = (directory: string): string => join(directory, "tmp");

async function openItem(path: string, item: PoolItem): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
    throw new RbuildError("pool.missing", `${item.path} is not in the pool`, {
      category: "unavailable",
      hint: VENDOR_HINT,
      cause: error,
      details: { count: 1, bytes: item.size, items: [itemDetails(item)] },
    });
  }
}

function damaged(item: PoolItem): RbuildError {
  return new RbuildError("pool.damaged", `${item.path} was damaged in the pool and has been removed from it`, {
    category: "untrusted",
    hint: VENDOR_HINT,
    details: { item: itemDetails(item) },
  });
}

async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    try {
      const handle = await open(path, constants.O_RDWR);
      try {
        const isOld = Date.now() - (await handle.stat()).mtimeMs > PART_AGE;
        if ((isOld || name.endsWith(".new")) && tryFlock(handle.fd, "exclusive") && (await isStillAt(handle, path))) await rm(path, { force: true });
      } finally {
        await handle.close();
      }
    } catch (error) {
      // Gone meanwhile, or a pool of somebody else's.
      if (!isSystemError(error, "ENOENT", "EACCES", "EPERM", "EROFS", "EISDIR")) throw error;
    }
  }
}
