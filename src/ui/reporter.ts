import type { RbuildEvent } from "../rbuild/index.ts";

/** How a command ended, for the last frame of a view. */
export type Ending = "done" | "failed" | "interrupted";

/**
 * Shows a command's events while it works. `report` never blocks on a slow terminal for longer than one write and never throws;
 * `close` leaves the terminal as it was, and may be called twice.
 */
export interface Reporter {
  readonly report: (event: RbuildEvent) => void;
  /** The command was asked to stop and is cleaning up. */
  stopping(): void;
  close(ending: Ending): Promise<void>;
}

/** Where a reporter writes: a stream such as `process.stderr`. */
export interface Sink {
  write(text: string): unknown;
}

/** Milliseconds from some fixed moment, never going back. */
export type Ticks = () => number;
