/** Takes a stream in pieces of wanted sizes. */
export class FormReader implements AsyncDisposable {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, in memory of their own. @throws RangeError when there are fewer */
  async take(length: number): Promise<Buffer> {
    const piece = Buffer.allocUnsafeSlow(length);
    for (let done = 0; done < length; ) {
      if (this.#rest.byteLength === 0) await this.#next();
      const part = this.#rest.subarray(0, length - done);
      piece.set(part, done);
      done += part.byteLength;
      this.#rest = this.#rest.subarray(part.byteLength);
    }
    return piece;
  }

  /** That nothing is left, and that the stream ends well. @throws RangeError */
  async finish(): Promise<void> {
    for (let next = await this.#chunks.next(); !next.done; next = await this.#chunks.next()) {
      if (next.value.byteLength > 0) throw new RangeError("the form goes on");
    }
    if (this.#rest.byteLength > 0) throw new RangeError("the form goes on");
  }

  async #next(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done) throw new RangeError("the form ends too early");
    this.#rest = next.value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chunks.return?.();
  }
}
