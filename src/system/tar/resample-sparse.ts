import type { SparseExtent, SparseMap } from "./sparse-map.ts";
import type { TarHeader } from "./tar-entry.ts";

const ZEROS = Buffer.alloc(64 * 1024);

/** The whole content of an entry's file, its holes as zeros. */
export function expandSparse(entry: Pick<TarHeader, "size" | "sparse"> & { readonly body: AsyncIterable<Buffer> }): AsyncIterable<Buffer> {
  if (!entry.sparse) return entry.body;
  const { realSize } = entry.sparse;
  return resampleSparse(entry.body, entry.sparse, { realSize, extents: realSize === 0 ? [] : [{ offset: 0, size: realSize }] });
}

/** What an entry's body has, with its places in the file: what lies between them is zero. */
export function dataOf(entry: Pick<TarHeader, "size" | "sparse"> & { readonly body: AsyncIterable<Buffer> }): AsyncIterable<{ offset: number; bytes: Buffer }> {
  return placed(entry.body, entry.sparse?.extents ?? [{ offset: 0, size: entry.size }]);
}

/**
 * The data of the extents of `to`, read from the data of the extents of `from`: bytes only `to` has are zeros, bytes only `from` has
 * are dropped (and must be zeros, or the file's content changes). Chunks pass without a copy.
 */
export async function* resampleSparse(data: AsyncIterable<Buffer>, from: SparseMap, to: SparseMap): AsyncGenerator<Buffer, void, undefined> {
  const wanted = new Cursor(to.extents);
  for await (const { offset, bytes } of placed(data, from.extents)) {
    let at = offset;
    let rest = bytes;
    while (rest.byteLength > 0) {
      yield* wanted.zerosUntil(at);
      const extent = wanted.current;
      if (extent === undefined) break;
      const skipped = Math.min(rest.byteLength, Math.max(0, extent.offset - at));
      rest = rest.subarray(skipped);
      at += skipped;
      if (rest.byteLength === 0) break;
      const piece = rest.subarray(0, extent.offset + extent.size - at);
      yield piece;
      wanted.advance(piece.byteLength);
      rest = rest.subarray(piece.byteLength);
      at += piece.byteLength;
    }
  }
  yield* wanted.zerosUntil(Number.MAX_SAFE_INTEGER);
}

/** The chunks of packed data with their places in the file. */
async function* placed(data: AsyncIterable<Buffer>, extents: readonly SparseExtent[]): AsyncGenerator<{ offset: number; bytes: Buffer }, void, undefined> {
  const source = new Cursor(extents);
  for await (const chunk of data) {
    let rest = chunk;
    while (rest.byteLength > 0) {
      const extent = source.current;
      if (extent === undefined) return;
      const bytes = rest.subarray(0, extent.size);
      yield { offset: extent.offset, bytes };
      source.advance(bytes.byteLength);
      rest = rest.subarray(bytes.byteLength);
    }
  }
}

/** Walks extents; `current` is what is left of the one it stands in. */
class Cursor {
  readonly #extents: readonly SparseExtent[];
  #index = 0;
  #done = 0;

  constructor(extents: readonly SparseExtent[]) {
    this.#extents = extents;
  }

  get current(): SparseExtent | undefined {
    const extent = this.#extents[this.#index];
    return extent && { offset: extent.offset + this.#done, size: extent.size - this.#done };
  }

  advance(bytes: number): void {
    this.#done += bytes;
    if (this.#done >= (this.#extents[this.#index]?.size ?? 0)) {
      this.#index++;
      this.#done = 0;
    }
  }

  *zerosUntil(offset: number): Generator<Buffer, void, undefined> {
    for (let extent = this.current; extent !== undefined && extent.offset < offset; extent = this.current) {
      const piece = ZEROS.subarray(0, Math.min(extent.size, offset - extent.offset));
      yield piece;
      this.advance(piece.byteLength);
    }
  }
}
