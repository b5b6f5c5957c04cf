import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { OpenedFile } from "../files/open-files.ts";

/** A request as far as anything here looks at it. It never has a body. */
export interface Asked {
  readonly method: "GET" | "HEAD";
  /** Begins with a slash, without the query, as it was sent: nothing is decoded, because no path of a repository needs it. */
  readonly path: string;
  /** What stands behind the question mark. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
}

export type Body =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** `length` bytes from `start`. Whoever sends it disposes of the file. */
  | { readonly kind: "file"; readonly file: OpenedFile; readonly start: number; readonly length: number }
  /** Length unknown: chunked. A stream that throws cuts the connection, so that nobody takes a part for the whole. */
  | { readonly kind: "stream"; readonly chunks: AsyncIterable<Uint8Array>; readonly length: number | undefined }
  /** The connection itself, for answers that HTTP does not have. */
  | { readonly kind: "takeover"; readonly run: (socket: Socket) => Promise<void> };

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

export type Route = (asked: Asked) => Promise<Answer>;

/** Never kept: what is not there now may be in a minute. */
export function textAnswer(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", ...headers },
    body: { kind: "bytes", bytes: Buffer.from(`${text}\n`) },
  };
}

export const notFound = (): Answer => textAnswer(404, "there is no such file here");
