import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Answer } from "../http/answer.ts";
import { bytesOf, lengthOf } from "./streams.ts";

const MAX_BLOCK = 64 * 1024;

/** Answers that no HTTP library would write. */
export async function writeInjection(socket: Socket): Promise<void> {
  socket.end(
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Note: a\nSet-Cookie: stolen=1\r\nContent-Length: 2\r\nContent-Length: 5\r\n not a header\r\n\r\n{}\r\n\r\n",
  );
}

export async function writeHugeHeaders(socket: Socket): Promise<void> {
  socket.write("HTTP/1.1 200 OK\r\n");
  for (let sent = 0; sent < 4 * 2 ** 20 && socket.writable; sent += MAX_BLOCK)
    await new Promise<void>((resolve) => socket.write(`X-Padding: ${"a".repeat(MAX_BLOCK - 13)}\r\n`, () => resolve()));
  socket.end("\r\n");
}

/** Half of the file, as if it came whole, and then RST. */
export async function writeAndReset(socket: Socket, { status, headers, body }: Answer): Promise<void> {
  socket.write(headOf(status, { ...headers, "Content-Length": String(lengthOf(body)) }));
  let left = Math.floor(lengthOf(body) / 2);
  for await (const chunk of bytesOf(body)) {
    if (left > 0 && socket.writable) await new Promise<void>((resolve) => socket.write(chunk.subarray(0, left), () => resolve()));
    left -= chunk.byteLength;
  }
  // A reset overtakes what the other side has not read.
  await delay(50);
  socket.resetAndDestroy();
}

/** As HTTP/1.0 had it: the end of the connection is the end of the file. */
export async function writeWithoutLength(socket: Socket, { status, headers, body }: Answer): Promise<void> {
  socket.write(headOf(status, { ...headers, Connection: "close" }));
  for await (const chunk of bytesOf(body)) {
    if (!socket.writable) return;
    await new Promise<void>((resolve) => socket.write(chunk, () => resolve()));
  }
  socket.end();
}

function headOf(status: number, headers: Answer["headers"]): string {
  return `HTTP/1.1 ${status} OK\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}\r\n`;
}
