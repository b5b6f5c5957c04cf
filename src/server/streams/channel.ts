/** Joins a callback to an async iteration: values wait until they are taken, without limit. */
export function createChannel<T>(): { push(value: T): void; close(): void; readonly values: AsyncIterable<T> } {
  const queue: T[] = [];
  let closed = false;
  let wake: () => void = () => undefined;
  async function* drain(): AsyncGenerator<T> {
    while (true) {
      while (queue.length > 0) yield queue.shift() as T;
      if (closed) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    push(value) {
      queue.push(value);
      wake();
    },
    close() {
      closed = true;
      wake();
    },
    values: drain(),
  };
}
