import type { FileHandle } from "node:fs/promises";
import type { Unit } from "./unit.ts";

/** More than any unit has. */
const READ_BYTES = 16 * 1024 * 1024;

/** Units one after the other with their bytes, which hold until the next is asked for. They cover the file without a gap. */
export async function* readUnits(
  handle: FileHandle,
  units: readonly Unit[],
  signal?: AbortSignal,
): AsyncGenerator<{ readonly unit: Unit; readonly bytes: Buffer }> {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  let [start, end] = [0, 0];
  for (const unit of units) {
    if (unit.offset + unit.length > end) {
      signal?.throwIfAborted();
      start = unit.offset;
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, start);
      end = start + bytesRead;
      if (unit.offset + unit.length > end) throw new RangeError(`the file ends at ${end}`);
    }
    yield { unit, bytes: buffer.subarray(unit.offset - start, unit.offset - start + unit.length) };
  }
}
