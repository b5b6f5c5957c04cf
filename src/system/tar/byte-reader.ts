import { asBuffer } from "./byte-string.ts";
import { truncated } from "./limits.ts";

const EMPTY = Buffer.alloc(0);

/** Takes a stream apart into pieces of known size, without copying what lies within one chunk. */
export class ByteReader implements AsyncDisposable {
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #truncated: (at: number) => Error;
  #chunk: Buffer = EMPTY;
  #position = 0;
  #ended = false;

  /** @param ended makes the error of a stream that ends too early, at a byte; default `tar.truncated` */
  constructor(source: AsyncIterable<Uint8Array>, ended: (at: number) => Error = truncated) {
    this.#source = source[Symbol.asyncIterator]();
    this.#truncated = ended;
  }

  /** Bytes taken so far. */
  get position(): number {
    return this.#position;
  }

  /** Between 1 and `limit` bytes, or undefined at the end. */
  async some(limit: number): Promise<Buffer | undefined> {
    if (this.#chunk.byteLength === 0 && !(await this.#fill())) return undefined;
    const piece = this.#chunk.byteLength <= limit ? this.#chunk : this.#chunk.subarray(0, limit);
    this.#chunk = piece === this.#chunk ? EMPTY : this.#chunk.subarray(limit);
    this.#position += piece.byteLength;
    return piece;
  }

  /** Exactly `size` bytes, or undefined when the stream has ended before the first of them. @throws what the constructor was given for it */
  async take(size: number): Promise<Buffer | undefined> {
    const first = await this.some(size);
    if (first === undefined || first.byteLength === size) return first;
    const pieces = [first];
    for (let missing = size - first.byteLength; missing > 0; ) {
      const piece = await this.some(missing);
      if (piece === undefined) throw this.#truncated(this.#position);
      pieces.push(piece);
      missing -= piece.byteLength;
    }
    return Buffer.concat(pieces, size);
  }

  /** @throws what the constructor was given for it */
  async skip(size: number): Promise<void> {
    for (let missing = size; missing > 0; ) {
      const piece = await this.some(missing);
      if (piece === undefined) throw this.#truncated(this.#position);
      missing -= piece.byteLength;
    }
  }

  /** Reads whatever is left and forgets it, so that who hashes the source sees all of it. */
  async drain(): Promise<void> {
    while ((await this.some(Number.MAX_SAFE_INTEGER)) !== undefined);
  }

  async #fill(): Promise<boolean> {
    while (!this.#ended) {
      const next = await this.#source.next();
      if (next.done) this.#ended = true;
      else if (next.value.byteLength > 0) {
        this.#chunk = asBuffer(next.value);
        return true;
      }
    }
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#source.return?.();
  }
}
