/** What happened in the engine, as Docker's /events tells it. */
export interface EngineEvent {
  readonly kind: "container" | "image" | "network" | "volume";
  /** `create`, `start`, `die`, `destroy`, `tag`, … in Docker's words. */
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Nanoseconds since 1970. */
  readonly timeNano: bigint;
}

export interface EventHub {
  publish(event: Omit<EngineEvent, "timeNano">): void;
  /** Events from now on, until the signal aborts (the iteration then ends without error). */
  subscribe(signal?: AbortSignal): AsyncIterable<EngineEvent>;
}
