import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** Answers a request itself and says so with true. @param path decoded, without leading slash */
export type Intercept = (path: string, request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export interface DirectoryServer extends AsyncDisposable {
  /** Without closing slash. */
  readonly url: string;
  /** Paths that were asked for, in order, without leading slash. */
  readonly requests: string[];
  intercept: Intercept | undefined;
}

/** Serves a directory on loopback: GET and HEAD, `Range: bytes=N-`, 404 for all else. */
export async function serveDirectory(directory: string): Promise<DirectoryServer> {
  const requests: string[] = [];
  const http = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => http.once("error", reject).listen(0, "127.0.0.1", resolve));
  const server: DirectoryServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    requests,
    intercept: undefined,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname).replace(/^\/+/, "");
    requests.push(path);
    if (await server.intercept?.(path, request, response)) return;
    const place = join(directory, path);
    const found = await stat(place).catch(() => undefined);
    if (!found?.isFile() || path.split("/").includes("..")) {
      response.writeHead(404).end();
      return;
    }
    const { size, mtime } = found;
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (start >= size && start > 0) {
      response.writeHead(416, { "content-range": `bytes */${size}` }).end();
      return;
    }
    response.setHeader("last-modified", mtime.toUTCString());
    response.setHeader("accept-ranges", "bytes");
    response.setHeader("content-length", size - start);
    if (start > 0) response.setHeader("content-range", `bytes ${start}-${size - 1}/${size}`);
    response.writeHead(start > 0 ? 206 : 200);
    if (request.method === "HEAD" || size === 0) response.end();
    else await pipeline(createReadStream(place, { start }), response);
  }
}
