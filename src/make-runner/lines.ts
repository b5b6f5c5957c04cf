/** Longest line that is handed on in one piece; a longer one comes in several. */
export const MAX_LINE_BYTES = 16 * 1024;

/** Cuts a stream of bytes into lines without their newlines. Bytes that are not UTF-8 become U+FFFD. */
export class LineCutter {
  #rest: Uint8Array[] = [];
  #restBytes = 0;

  /** The lines that `chunk` completes. */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      this.#keep(chunk.subarray(from, at), lines);
      this.#flush(lines);
      from = at + 1;
    }
    this.#keep(chunk.subarray(from), lines);
    return lines;
  }

  /** What was left without a newline. */
  end(): string[] {
    const lines: string[] = [];
    if (this.#restBytes > 0) this.#flush(lines);
    return lines;
  }

  #keep(bytes: Uint8Array, lines: string[]): void {
    let part = bytes;
    while (this.#restBytes + part.byteLength > MAX_LINE_BYTES) {
      const room = MAX_LINE_BYTES - this.#restBytes;
      this.#rest.push(part.subarray(0, room));
      this.#flush(lines);
      part = part.subarray(room);
    }
    if (part.byteLength === 0) return;
    // A copy: the caller may use its buffer again.
    this.#rest.push(Buffer.from(part));
    this.#restBytes += part.byteLength;
  }

  #flush(lines: string[]): void {
    const text = Buffer.concat(this.#rest).toString("utf8");
    lines.push(text.endsWith("\r") ? text.slice(0, -1) : text);
    this.#rest = [];
    this.#restBytes = 0;
  }
}
