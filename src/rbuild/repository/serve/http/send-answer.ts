import { readSync } from "node:fs";
import type { ServerResponse } from "node:http";
import type { Answer, Body } from "./answer.ts";

/** Read and sent in pieces of this size: two of them are all the memory that an answer takes. */
const PIECE_BYTES = 256 * 1024;

/** Read at once, without a thread: as any web server does it, and what is asked for in such parts is mostly in memory. */
const SMALL_BYTES = 64 * 1024;

/** For every answer: nothing here is a script, belongs into a frame, or tells where its reader came from. */
const ALWAYS = { "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", Server: "rbuild" };

export interface SendOptions {
  readonly isHead: boolean;
  /** Milliseconds within which the client must take each piece. */
  readonly pieceTimeout: number;
  /** The connection ends behind this answer. */
  readonly isLast: boolean;
}

/** Sends an answer at the speed of whoever reads it. Resolves when all is sent or the connection has ended; its file is closed then. */
export async function sendAnswer(response: ServerResponse, { status, headers, body }: Answer, options: SendOptions): Promise<void> {
  using _file = body.kind === "file" ? body.file : undefined;
  if (body.kind === "takeover") {
    if (response.socket) await body.run(response.socket);
    return;
  }
  const length = lengthOf(body);
  const hasBody = status !== 304 && status !== 204;
  response.writeHead(status, {
    ...ALWAYS,
    ...headers,
    ...(hasBody && length !== undefined ? { "Content-Length": length } : {}),
    ...(options.isLast ? { Connection: "close" } : {}),
  });
  if (!hasBody || options.isHead) return void response.end();
  try {
    switch (body.kind) {
      case "bytes":
        return await ended(response, body.bytes, options);
      case "file":
        return await sendFile(response, body, options);
      case "stream":
        response.flushHeaders(); // its first bytes may take their time
        for await (const chunk of body.chunks) await written(response, chunk, options);
        return await ended(response, undefined, options);
      default:
        return body satisfies never;
    }
  } catch {
    response.destroy();
  }
}

function lengthOf(body: Exclude<Body, { kind: "takeover" }>): number | undefined {
  return body.kind === "bytes" ? body.bytes.byteLength : body.length;
}

/** The next piece is read while the one before is on its way. */
async function sendFile(response: ServerResponse, { file, start, length }: Body & { kind: "file" }, options: SendOptions): Promise<void> {
  if (length <= SMALL_BYTES) return ended(response, readSmall(file.handle.fd, start, length), options);
  if (length <= PIECE_BYTES) return ended(response, await readPiece(Buffer.allocUnsafe(length), start), options);
  const buffers = [Buffer.allocUnsafeSlow(PIECE_BYTES), Buffer.allocUnsafeSlow(PIECE_BYTES)] as const;
  let before: Promise<void> | undefined;
  for (let [done, turn] = [0, 0]; done < length; turn ^= 1) {
    const piece = await readPiece((buffers[turn] as Buffer).subarray(0, Math.min(PIECE_BYTES, length - done)), start + done);
    await before;
    before = written(response, piece, options);
    before.catch(() => {}); // seen at the next turn
    done += piece.byteLength;
  }
  await before;
  return ended(response, undefined, options);

  async function readPiece(buffer: Buffer, position: number): Promise<Buffer> {
    for (let filled = 0; filled < buffer.byteLength; ) {
      const { bytesRead } = await file.handle.read(buffer, filled, buffer.byteLength - filled, position + filled);
      if (bytesRead === 0) throw new Error("the file has become shorter");
      filled += bytesRead;
    }
    return buffer;
  }
}

function readSmall(fd: number, start: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  if (readSync(fd, buffer, 0, length, start) !== length) throw new Error("the file has become shorter");
  return buffer;
}

function written(response: ServerResponse, bytes: Uint8Array, { pieceTimeout }: SendOptions): Promise<void> {
  return settled(response, pieceTimeout, (done) => response.write(bytes, done));
}

function ended(response: ServerResponse, bytes: Uint8Array | undefined, { pieceTimeout }: SendOptions): Promise<void> {
  return settled(response, pieceTimeout, (done) => (bytes === undefined ? response.end(done) : response.end(bytes, done)));
}

type Done = (error?: Error | null) => void;

function settled(response: ServerResponse, timeout: number, start: (done: Done) => unknown): Promise<void> {
  if (response.destroyed) return Promise.reject(new Error("the client has gone"));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => finish(new Error("the client is too slow")), timeout);
    const finish: Done = (error) => {
      clearTimeout(timer);
      response.off("close", onClose);
      if (error) reject(error);
      else resolve();
    };
    const onClose = () => finish(response.writableFinished ? null : new Error("the client has gone"));
    response.on("close", onClose);
    start(finish);
  });
}
