import type { EngineEvent, EventHub } from "../../engine/index.ts";

/** How many past events `since` can reach back to. */
const REMEMBERED = 1024;
/** A client this far behind is cut off. */
const MAX_BACKLOG = 65_536;

/** The engine's events of this server's life: what has been, and what comes. */
export interface EventLog extends AsyncDisposable {
  /** Remembered events at or after `since` (nanoseconds; undefined: none), then every new one, without a gap, until the signal aborts. */
  follow(since: bigint | undefined, signal: AbortSignal): AsyncIterable<EngineEvent>;
  readonly listeners: number;
}

export function createEventLog(hub: EventHub): EventLog {
  const stop = new AbortController();
  const past: EngineEvent[] = [];
  const listeners = new Set<Backlog>();
  const reading = (async () => {
    for await (const event of hub.subscribe(stop.signal)) {
      past.push(event);
      if (past.length > REMEMBERED) past.shift();
      for (const listener of listeners) listener.push(event);
    }
  })().finally(() => {
    for (const listener of listeners) listener.close();
  });
  reading.catch(() => undefined);
  return {
    get listeners() {
      return listeners.size;
    },
    follow(since, signal) {
      // Listening starts here and not when the first event is asked for.
      const backlog = new Backlog(since === undefined ? [] : past.filter((event) => event.timeNano >= since));
      if (signal.aborted) backlog.close();
      else listeners.add(backlog);
      const close = () => {
        listeners.delete(backlog);
        backlog.close();
      };
      signal.addEventListener("abort", close, { once: true });
      return backlog.drain();
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await reading.catch(() => undefined);
    },
  };
}

class Backlog {
  readonly #events: EngineEvent[];
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(past: readonly EngineEvent[]) {
    this.#events = [...past];
  }

  push(event: EngineEvent): void {
    if (this.#closed) return;
    this.#events.push(event);
    if (this.#events.length > MAX_BACKLOG) this.#closed = true;
    this.#wake();
  }

  close(): void {
    this.#closed = true;
    this.#wake();
  }

  async *drain(): AsyncGenerator<EngineEvent> {
    while (true) {
      const event = this.#events.shift();
      if (event) yield event;
      else if (this.#closed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
