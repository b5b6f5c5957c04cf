import { connect, type NetConnectOpts } from "node:net";

const MAX_ANSWER = 256 * 1024;

/** Sends bytes and the end of them, and gives what comes until the connection ends. */
export function exchange(place: NetConnectOpts, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const socket = connect(place, () => socket.end(bytes));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > MAX_ANSWER) socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
    socket.setTimeout(4000, () => socket.destroy(new Error("no answer and no end for four seconds")));
  });
}

/** A request whose Content-Length is that of the body it has. */
export function withLength(request: Buffer): Buffer {
  const end = request.indexOf("\r\n\r\n");
  if (end < 0) return request;
  const head = request.toString("latin1", 0, end).replace(/^Content-Length: *\d+/im, `Content-Length: ${request.byteLength - end - 4}`);
  return Buffer.concat([Buffer.from(head, "latin1"), request.subarray(end)]);
}
