/**
 * One thing a Docker user does, as bash says it, and what must come back. `$IMAGE` is a busybox; the working directory is empty and the
 * row's own; `$ID` is a word no other row has. What a row makes it removes.
 */
export interface Row {
  readonly title: string;
  readonly sh: string;
  /** Exit code, default 0. */
  readonly code?: number;
  /** Standard output: all of it, white space at the ends left out, or a pattern in it. */
  readonly out?: string | RegExp;
  readonly err?: string | RegExp;
}
