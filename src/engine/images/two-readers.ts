/** Bytes that one reader may be ahead of the other. */
const MAX_LEAD = 16 * 1024 * 1024;

/** One reader's part of a stream. Who does not read it to its end has to leave, or the other waits for him. */
export interface SharedStream extends AsyncIterable<Uint8Array> {
  leave(): void;
}

/**
 * One stream for two readers at the same time, each once. It is read as far as the quicker wants, while the slower is less than 16 MiB
 * behind. Both see the stream's error.
 */
export function twoReaders(source: AsyncIterable<Uint8Array>): readonly [SharedStream, SharedStream] {
  const chunks = source[Symbol.asyncIterator]();
  const [first, second] = [new Reader(), new Reader()];
  let reading: Promise<void> | undefined;
  const readNext = async () => {
    const piece = await chunks.next().then<Piece, Piece>(
      (next) => (next.done ? { kind: "end" } : { kind: "chunk", chunk: next.value }),
      (error: unknown) => ({ kind: "failed", error }),
    );
    first.give(piece);
    second.give(piece);
    reading = undefined;
  };
  const share = (mine: Reader, other: Reader): SharedStream => ({
    leave: () => mine.leave(),
    async *[Symbol.asyncIterator]() {
      try {
        for (;;) {
          const piece = mine.take();
          if (piece?.kind === "chunk") yield piece.chunk;
          else if (piece?.kind === "failed") throw piece.error;
          else if (piece) return;
          else if (other.lag < MAX_LEAD) await (reading ??= readNext());
          else await other.progress();
        }
      } finally {
        mine.leave();
        if (other.hasLeft) await chunks.return?.();
      }
    },
  });
  return [share(first, second), share(second, first)];
}

type Piece = { readonly kind: "chunk"; readonly chunk: Uint8Array } | { readonly kind: "end" } | { readonly kind: "failed"; readonly error: unknown };

class Reader {
  /** Bytes that wait for it. */
  lag = 0;
  hasLeft = false;
  readonly #pieces: Piece[] = [];
  #onProgress: () => void = () => undefined;

  give(piece: Piece): void {
    if (this.hasLeft) return;
    this.#pieces.push(piece);
    if (piece.kind === "chunk") this.lag += piece.chunk.byteLength;
  }

  take(): Piece | undefined {
    const piece = this.#pieces.shift();
    if (piece?.kind !== "chunk") return piece;
    this.lag -= piece.chunk.byteLength;
    this.#onProgress();
    return piece;
  }

  /** Until it has taken something, or has left. */
  progress(): Promise<void> {
    return new Promise((resolve) => (this.#onProgress = resolve));
  }

  leave(): void {
    this.hasLeft = true;
    this.lag = 0;
    this.#pieces.length = 0;
    this.#onProgress();
  }
}
