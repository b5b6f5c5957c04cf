import type { FileHandle } from "node:fs/promises";

/** Exactly so many bytes from a position on. @throws RangeError when there are fewer */
export type ReadAt = (position: number, length: number) => Promise<Buffer>;

/** @param start what positions count from */
export function readerOf(handle: FileHandle, start = 0): ReadAt {
  return async (position, length) => {
    if (!Number.isSafeInteger(position + length) || position < 0 || length < 0) throw new RangeError(`no such place: ${position}`);
    const buffer = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await handle.read(buffer, done, length - done, start + position + done);
      if (bytesRead === 0) throw new RangeError(`nothing at ${position + done}`);
      done += bytesRead;
    }
    return buffer;
  };
}
