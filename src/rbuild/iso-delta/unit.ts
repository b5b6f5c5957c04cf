/** A piece of a file that is taken as a whole. */
export interface Unit {
  /** Bytes from the file's start. */
  readonly offset: number;
  readonly length: number;
  /** Which of the coders has made it from its content; undefined for bytes as they are. */
  readonly coder?: number;
}
