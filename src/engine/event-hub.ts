import { type Clock, systemClock } from "../system/index.ts";
import type { EngineEvent, EventHub } from "./events.ts";

/** A subscriber that does not read loses the oldest of what waits for it. */
const MAX_WAITING = 10_000;

/** Passes events on to whoever listens in this process. */
export class InProcessEventHub implements EventHub {
  readonly #subscribers = new Set<(event: EngineEvent) => void>();
  readonly #clock: Clock;
  #last = 0n;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  publish(event: Omit<EngineEvent, "timeNano">): void {
    if (this.#subscribers.size === 0) return;
    const now = BigInt(this.#clock.now().getTime()) * 1_000_000n;
    // two events never have one time, so that a listener can go on where it stopped
    this.#last = now > this.#last ? now : this.#last + 1n;
    for (const deliver of this.#subscribers) deliver({ ...event, timeNano: this.#last });
  }

  /** Subscribed from this call on, not only from the first read. */
  subscribe(signal?: AbortSignal): AsyncIterable<EngineEvent> {
    const waiting: EngineEvent[] = [];
    let wake: (() => void) | undefined;
    let isOver = signal?.aborted ?? false;
    const deliver = (event: EngineEvent) => {
      if (waiting.push(event) > MAX_WAITING) waiting.shift();
      wake?.();
    };
    const stop = () => {
      isOver = true;
      this.#subscribers.delete(deliver);
      wake?.();
    };
    if (!isOver) this.#subscribers.add(deliver);
    signal?.addEventListener("abort", stop, { once: true });
    return {
      async *[Symbol.asyncIterator]() {
        try {
          for (;;) {
            const event = waiting.shift();
            if (event) yield event;
            else if (isOver) return;
            else
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
          }
        } finally {
          stop();
        }
      },
    };
  }
}
