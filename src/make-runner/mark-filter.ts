import { MARK_END } from "./hook.ts";

export type MarkedPiece = { readonly kind: "output"; readonly data: Uint8Array } | { readonly kind: "mark"; readonly target: string };

/** A longer mark is no mark: its bytes are output. */
const MAX_MARK_BYTES = 4096;

/** Takes the hook's marks, each with its newline, out of make's stdout. What the recipes printed stays, byte for byte. */
export class MarkFilter {
  readonly #prefix: Buffer;
  readonly #end = Buffer.from(`${MARK_END}\n`);
  #held: Buffer = Buffer.alloc(0);

  constructor(markPrefix: string) {
    this.#prefix = Buffer.from(markPrefix);
  }

  push(chunk: Uint8Array): MarkedPiece[] {
    const pieces: MarkedPiece[] = [];
    let bytes = this.#held.byteLength === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const at = bytes.indexOf(this.#prefix);
      if (at === -1) break;
      if (at > 0) pieces.push({ kind: "output", data: Buffer.from(bytes.subarray(0, at)) });
      bytes = bytes.subarray(at);
      const end = bytes.indexOf(this.#end);
      if (end !== -1 && end <= MAX_MARK_BYTES) {
        pieces.push({ kind: "mark", target: bytes.toString("utf8", this.#prefix.byteLength, end) });
        bytes = bytes.subarray(end + this.#end.byteLength);
      } else if (bytes.byteLength > MAX_MARK_BYTES) {
        pieces.push({ kind: "output", data: Buffer.from(bytes.subarray(0, this.#prefix.byteLength)) });
        bytes = bytes.subarray(this.#prefix.byteLength);
      } else {
        this.#held = Buffer.from(bytes);
        return pieces;
      }
    }
    const held = this.#beginningOfPrefix(bytes);
    if (held < bytes.byteLength) pieces.push({ kind: "output", data: Buffer.from(bytes.subarray(0, bytes.byteLength - held)) });
    this.#held = Buffer.from(bytes.subarray(bytes.byteLength - held));
    return pieces;
  }

  end(): MarkedPiece[] {
    const held = this.#held;
    this.#held = Buffer.alloc(0);
    return held.byteLength === 0 ? [] : [{ kind: "output", data: held }];
  }

  /** How many of the last bytes may be the beginning of a mark. */
  #beginningOfPrefix(bytes: Buffer): number {
    for (let length = Math.min(this.#prefix.byteLength - 1, bytes.byteLength); length > 0; length--) {
      if (bytes.subarray(bytes.byteLength - length).equals(this.#prefix.subarray(0, length))) return length;
    }
    return 0;
  }
}
