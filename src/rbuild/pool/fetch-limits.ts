/** What one server may take. Milliseconds, but where it says otherwise. */
export interface FetchLimits {
  readonly connect: number;
  /** From the request to the first byte of the answer. */
  readonly response: number;
  /** Without a byte. */
  readonly idle: number;
  /** Bytes per second, on average over each `window`. */
  readonly minimumRate: number;
  readonly window: number;
  /** Of one item at one source: a broken connection is taken up again. */
  readonly attempts: number;
  /** Before the second attempt; doubled for each one after it. */
  readonly pause: number;
}

export const FETCH_LIMITS: FetchLimits = {
  connect: 15_000,
  response: 60_000,
  idle: 30_000,
  minimumRate: 2048,
  window: 30_000,
  attempts: 4,
  pause: 500,
};

/** Milliseconds until a server may be asked again, or undefined when so many attempts were enough: one that does not answer at all is asked twice. */
export function pauseAfter(attempt: number, isUnreachable: boolean, { attempts, pause }: FetchLimits): number | undefined {
  return attempt >= (isUnreachable ? Math.min(2, attempts) : attempts) ? undefined : pause * 2 ** (attempt - 1);
}
