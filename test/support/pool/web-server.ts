import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { onTestFinished } from "vitest";

export interface Asked {
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

export interface WebServer {
  readonly url: string;
  readonly asked: Asked[];
}

/** A server on loopback for one test. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  connect?: (request: IncomingMessage, socket: Duplex) => void,
): Promise<WebServer> {
  const asked: Asked[] = [];
  const listener: RequestListener = (request, response) => {
    asked.push({ url: request.url ?? "", headers: request.headers });
    response.on("error", () => undefined);
    answer(request, response);
  };
  const server = createServer(listener);
  if (connect) server.on("connect", connect);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Answers with the content, ranges included. */
export function give(content: Buffer, request: IncomingMessage, response: ServerResponse, etag = '"one"'): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const isSame = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
  response.setHeader("etag", etag);
  if (start === 0 || !isSame) {
    response.setHeader("content-length", content.byteLength);
    response.end(content);
  } else if (start >= content.byteLength) {
    response.writeHead(416).end();
  } else {
    response.writeHead(206, {
      "content-length": content.byteLength - start,
      "content-range": `bytes ${start}-${content.byteLength - 1}/${content.byteLength}`,
    });
    response.end(content.subarray(start));
  }
}

/** Answers with the first bytes of the content, as if all of it came, and breaks the connection. */
export function giveAndBreak(content: Buffer, size: number, response: ServerResponse, etag = '"one"'): void {
  response.writeHead(200, { "content-length": content.byteLength, etag });
  response.write(content.subarray(0, size), () => setTimeout(() => response.destroy(), 20));
}
