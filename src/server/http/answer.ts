import type { Readable } from "node:stream";

export type Headers = Readonly<Record<string, string>>;

/** The two raw directions of a connection that HTTP has let go of. */
export interface Wire {
  /** What the client sends; ends when the client closes its half. */
  readonly input: Readable;
  /** Resolves when the bytes are with the kernel or queued below the high-water mark. */
  write(...chunks: Uint8Array[]): Promise<void>;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

/** What a route answers. `write-answer.ts` alone knows how each kind becomes HTTP. */
export type Answer =
  | { readonly kind: "json"; readonly status: number; readonly value: unknown; readonly headers?: Headers }
  | { readonly kind: "text"; readonly value: string; readonly headers?: Headers }
  | { readonly kind: "empty"; readonly status: number; readonly headers?: Headers }
  | { readonly kind: "bytes"; readonly contentType: string; readonly source: AsyncIterable<Uint8Array>; readonly headers?: Headers; readonly flush?: boolean }
  /** JSON values one after the other. Unless `flush`, an error before the first of them still becomes an HTTP error. */
  | { readonly kind: "json-lines"; readonly values: AsyncIterable<unknown>; readonly flush?: boolean }
  /** Status and headers go out now, the JSON value when it is known. */
  | { readonly kind: "pending-json"; readonly value: Promise<unknown> }
  | { readonly kind: "hijack"; readonly contentType: string; readonly exchange: (wire: Wire) => Promise<void> };

export const json = (value: unknown, status = 200, headers: Headers = {}): Answer => ({ kind: "json", status, value, headers });
export const empty = (status = 204, headers: Headers = {}): Answer => ({ kind: "empty", status, headers });
