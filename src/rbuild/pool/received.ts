import type { Digest } from "../../oci/index.ts";

/** A source and bytes that came from it. */
export interface SourceBytes {
  readonly source: string;
  readonly bytes: number;
}

/** What came from where, of items that are being taken in: what was kept, and what came for nothing. */
export class Received {
  readonly #kept = new Map<Digest, Map<string, number>>();
  #discarded = 0;

  add(item: Digest, source: string, bytes: number): void {
    const parts = this.#kept.get(item) ?? new Map<string, number>();
    this.#kept.set(item, parts.set(source, (parts.get(source) ?? 0) + bytes));
  }

  /** All that has come of an item is of no use. */
  discard(item: Digest): void {
    for (const bytes of this.#kept.get(item)?.values() ?? []) this.#discarded += bytes;
    this.#kept.delete(item);
  }

  get bytes(): number {
    return this.sources.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get discarded(): number {
    return this.#discarded;
  }

  /** Those that gave what was kept, the one that gave most first. */
  get sources(): readonly SourceBytes[] {
    const sums = new Map<string, number>();
    for (const parts of this.#kept.values()) for (const [source, bytes] of parts) sums.set(source, (sums.get(source) ?? 0) + bytes);
    return [...sums].map(([source, bytes]) => ({ source, bytes })).sort((left, right) => right.bytes - left.bytes);
  }
}
