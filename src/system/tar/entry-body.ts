import type { ByteReader } from "./byte-reader.ts";
import { truncated } from "./limits.ts";

/** The body of the entry a reader stands at. */
export class EntryBody implements AsyncIterable<Buffer> {
  readonly size: number;
  readonly #reader: ByteReader;
  #remaining: number;
  #skipped = false;

  constructor(reader: ByteReader, size: number) {
    this.#reader = reader;
    this.size = size;
    this.#remaining = size;
  }

  get remaining(): number {
    return this.#remaining;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    if (this.#skipped) throw new TypeError("the body of a tar entry was asked for after its reader went on");
    while (this.#remaining > 0) {
      const piece = await this.#reader.some(this.#remaining);
      if (piece === undefined) throw truncated(this.#reader.position);
      this.#remaining -= piece.byteLength;
      yield piece;
    }
  }

  /** Skips what nobody read. */
  async abandon(): Promise<void> {
    this.#skipped = this.#remaining > 0;
    await this.#reader.skip(this.#remaining);
    this.#remaining = 0;
  }
}
