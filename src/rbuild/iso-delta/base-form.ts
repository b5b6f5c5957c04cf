import type { FileHandle } from "node:fs/promises";
import { type CoderSettings, codecFor, unpack } from "./coder.ts";
import { readerOf } from "./read-at.ts";
import type { Unit } from "./unit.ts";

const READ_BYTES = 1024 * 1024;

/**
 * The form that a delta starts from: parts of the old ISO, compressed ones as their content.
 * @returns for each part its bytes; undefined for one that cannot be unpacked
 */
export async function* baseForm(
  iso: FileHandle,
  base: readonly Unit[],
  coders: readonly CoderSettings[],
  signal?: AbortSignal,
): AsyncGenerator<{ readonly unit: Unit; readonly bytes: Buffer | undefined }> {
  const read = readerOf(iso);
  for (const unit of base) {
    signal?.throwIfAborted();
    const settings = unit.coder === undefined ? undefined : coders[unit.coder];
    if (settings) {
      const codec = codecFor(settings.kind);
      yield { unit, bytes: codec && unpack(await read(unit.offset, unit.length), settings, codec) };
      continue;
    }
    for (let done = 0; done < unit.length; done += READ_BYTES) {
      yield { unit, bytes: await read(unit.offset + done, Math.min(READ_BYTES, unit.length - done)) };
    }
  }
}
