/** How many values wait before whoever gives them should. */
const HIGH_WATER = 256;

export interface Channel<T> {
  /** Undefined, or a promise to wait for: there is much to take already. */
  push(value: T): Promise<void> | undefined;
  close(): void;
  /** Leaving it lets go of whoever waits; what is pushed from then on is dropped. */
  readonly values: AsyncIterable<T>;
}

/** Joins a callback to an async iteration. */
export function createChannel<T>(): Channel<T> {
  const queue: T[] = [];
  let closed = false;
  let wake: () => void = () => undefined;
  let room = Promise.withResolvers<void>();
  const makeRoom = () => {
    room.resolve();
    room = Promise.withResolvers<void>();
  };
  async function* drain(): AsyncGenerator<T> {
    try {
      while (true) {
        while (queue.length > 0) {
          const value = queue.shift() as T;
          if (queue.length === HIGH_WATER / 2) makeRoom();
          yield value;
        }
        if (closed) return;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      closed = true;
      queue.length = 0;
      makeRoom();
    }
  }
  return {
    push(value) {
      if (closed) return undefined;
      queue.push(value);
      wake();
      return queue.length < HIGH_WATER ? undefined : room.promise;
    },
    close() {
      closed = true;
      wake();
    },
    values: drain(),
  };
}
