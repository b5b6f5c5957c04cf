import type { IncomingMessage } from "node:http";

/**
 * A request's body as it comes. What is left of it when the reader stops stays readable, so that it can be dropped and the client gets its
 * answer.
 */
export const uploaded = (message: IncomingMessage): AsyncIterable<Buffer> => ({
  [Symbol.asyncIterator]: () => message.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>,
});

/** Reads and drops the rest of a body: a client that is still sending sees its answer, not a broken pipe. */
export function dropRest(message: IncomingMessage): void {
  if (message.complete) return;
  // a reader that still waits keeps the stream from flowing, and Node takes notice in the next turn that it waits no more
  message.removeAllListeners("readable").on("error", () => undefined);
  setImmediate(() => message.resume());
}
