/** What one client, and all of them, may have. */
export interface ServeLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Connections at once from one address; 0: no limit. */
  readonly connectionsPerAddress: number;
  /** Requests a second from one address, for longer than the burst; 0: no limit. */
  readonly requestsPerSecond: number;
}

export const DEFAULT_LIMITS: ServeLimits = { connections: 1024, connectionsPerAddress: 64, requestsPerSecond: 200 };

/** Requests that may come at once, as seconds of the rate. */
export const BURST_SECONDS = 3;
/** Request line and headers together. */
export const MAX_HEADER_BYTES = 16 * 1024;
export const MAX_TARGET_BYTES = 2048;
/** Requests that a client may send before it has the first answer. */
export const MAX_PIPELINED = 16;
/** Milliseconds: from the first byte of a request to the end of its headers; between requests; and for 256 KiB of an answer. */
export const HEADERS_TIMEOUT = 10_000;
export const KEEP_ALIVE_TIMEOUT = 15_000;
export const PIECE_TIMEOUT = 60_000;
/** Milliseconds that answers have to end when the server stops. */
export const STOP_TIMEOUT = 60_000;
/** Blobs that are decoded at once: each takes as much memory as its window, 8 MiB as a rule and 128 MiB at most. The next one waits. */
export const MAX_DECODING = 8;
