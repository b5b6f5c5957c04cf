import type { OutputChunk } from "../container.ts";

/** Bytes that wait for the reader before the source is asked to stop. */
const HIGH_WATER = 1024 * 1024;

/** Chunks from a source that can be held back to one reader. */
export class OutputQueue implements AsyncIterable<OutputChunk> {
  readonly #chunks: OutputChunk[] = [];
  readonly #onDrain: () => void;
  #waiting: { resolve: (result: IteratorResult<OutputChunk>) => void; reject: (error: unknown) => void } | undefined;
  #bytes = 0;
  #end: { readonly error?: unknown } | undefined;

  /** @param onDrain called when there is room again after `push` has said there is none */
  constructor(onDrain: () => void) {
    this.#onDrain = onDrain;
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** False: the source should wait for `onDrain`. */
  push(chunk: OutputChunk): boolean {
    if (this.#end) return true;
    if (this.#waiting) {
      this.#waiting.resolve({ value: chunk, done: false });
      this.#waiting = undefined;
      return true;
    }
    this.#chunks.push(chunk);
    this.#bytes += chunk.data.byteLength;
    return this.#bytes < HIGH_WATER;
  }

  /** What was pushed is still read; then the iteration ends, with the error if one is given. */
  end(error?: unknown): void {
    if (this.#end) return;
    this.#end = error === undefined ? {} : { error };
    if (!this.#waiting) return;
    if (error === undefined) this.#waiting.resolve({ value: undefined, done: true });
    else this.#waiting.reject(error);
    this.#waiting = undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<OutputChunk> {
    return {
      next: () => this.#next(),
      return: () => {
        this.#chunks.length = 0;
        this.end();
        this.#onDrain();
        return Promise.resolve({ value: undefined, done: true });
      },
    };
  }

  #next(): Promise<IteratorResult<OutputChunk>> {
    const chunk = this.#chunks.shift();
    if (chunk) {
      const wasFull = this.#bytes >= HIGH_WATER;
      this.#bytes -= chunk.data.byteLength;
      if (wasFull && this.#bytes < HIGH_WATER) this.#onDrain();
      return Promise.resolve({ value: chunk, done: false });
    }
    if (this.#end) return "error" in this.#end ? Promise.reject(this.#end.error) : Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}
