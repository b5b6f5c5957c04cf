import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex, Writable } from "node:stream";
import type { Answer, Headers, Wire } from "./answer.ts";

type HijackAnswer = Extract<Answer, { kind: "hijack" }>;

/** A client that neither reads on nor closes keeps its connection this long after the last byte. */
const CLOSE_GRACE_MS = 10_000;

/** After `Upgrade: tcp`: `101 UPGRADED`, then both directions are raw. */
export async function hijackSocket(socket: Duplex, answer: HijackAnswer, headers: Headers, signal: AbortSignal): Promise<void> {
  const lines = Object.entries({ "Content-Type": answer.contentType, Connection: "Upgrade", Upgrade: "tcp", ...headers });
  socket.write(`HTTP/1.1 101 UPGRADED\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  try {
    await answer.exchange(wireOver(socket, socket, signal));
  } finally {
    await closeGently(socket);
  }
}

/**
 * Without `Upgrade`: the answer's body is the output, and the request's body, if there is one, the input. The connection is the client's to
 * close, as below.
 */
export async function hijackResponse(request: IncomingMessage, response: ServerResponse, answer: HijackAnswer, signal: AbortSignal): Promise<void> {
  response.writeHead(200, { "Content-Type": answer.contentType });
  response.flushHeaders();
  try {
    await answer.exchange(wireOver(request, response, signal));
  } finally {
    response.end();
  }
}

function wireOver(input: Wire["input"], output: Writable, signal: AbortSignal): Wire {
  return {
    input,
    signal,
    async write(...chunks) {
      signal.throwIfAborted();
      output.cork();
      let flowing = true;
      for (const chunk of chunks) flowing = output.write(chunk);
      output.uncork();
      if (!flowing && output.writableNeedDrain) await once(output, "drain", { signal });
    },
  };
}

/**
 * Ends our half and lets the client close its own. Closing at once would make the kernel answer what the client still sends
 * with a reset, and a reset may overtake output it has not read.
 */
async function closeGently(socket: Duplex): Promise<void> {
  if (socket.destroyed) return;
  const closed = once(socket, "close").catch(() => undefined);
  const timer = setTimeout(() => socket.destroy(), CLOSE_GRACE_MS);
  socket.end();
  socket.resume();
  await closed;
  clearTimeout(timer);
}
