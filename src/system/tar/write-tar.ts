import { RbuildError } from "../errors.ts";
import { asBuffer, textOf } from "./byte-string.ts";
import { coalesce } from "./coalesce.ts";
import { encodeTarHeader } from "./encode-header.ts";
import { BLOCK, paddingOf } from "./header-block.ts";
import type { TarHeader } from "./tar-entry.ts";

/** A header and, for a file of size above 0, exactly `size` bytes. */
export interface TarInput extends TarHeader {
  readonly body?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

const ZEROS = Buffer.alloc(2 * BLOCK);

/** What ends an archive: two zero blocks. */
export const TAR_TRAILER: Uint8Array = ZEROS;

/** The zeros that follow a body of `size` bytes. */
export function tarPadding(size: number): Uint8Array {
  return ZEROS.subarray(0, paddingOf(size));
}

/**
 * An archive of the entries in their order; its bytes depend on them alone.
 * @throws RbuildError `tar.size-mismatch` when a body is not as long as its header says, `tar.unencodable`
 */
export function writeTar(entries: AsyncIterable<TarInput> | Iterable<TarInput>): AsyncGenerator<Buffer, void, undefined> {
  return coalesce(encodeEntries(entries));
}

async function* encodeEntries(entries: AsyncIterable<TarInput> | Iterable<TarInput>): AsyncGenerator<Buffer, void, undefined> {
  for await (const entry of entries) {
    yield encodeTarHeader(entry);
    if (entry.kind !== "file" || entry.size === 0) continue;
    let missing = entry.size;
    for await (const chunk of entry.body ?? []) {
      missing -= chunk.byteLength;
      if (missing < 0) break;
      yield asBuffer(chunk);
    }
    if (missing !== 0) {
      throw new RbuildError("tar.size-mismatch", `the content of ${JSON.stringify(textOf(entry.path))} is not the ${entry.size} bytes that were announced`, {
        details: { path: textOf(entry.path), expected: entry.size },
      });
    }
    const padding = paddingOf(entry.size);
    if (padding > 0) yield ZEROS.subarray(0, padding);
  }
  yield ZEROS;
}
