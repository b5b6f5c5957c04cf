/** What one way to a newer file sends, and how it is made of that. */
export interface Update {
  readonly what: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds of the publisher. */
  readonly made: number;
  readonly apply?: () => Promise<void>;
}
