import { mkdtemp, rm } from "node:fs/promises";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import Docker from "dockerode";
import { onTestFinished } from "vitest";
import { serveEngine } from "../../src/server/index.ts";
import { createFakeEngine, type FakeProcess } from "./fake-engine.ts";

/** A server over a fake engine on a socket of its own, gone when the test ends. */
export async function serveFake(process?: FakeProcess) {
  const directory = await mkdtemp("/tmp/rbuild-server-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const socketPath = join(directory, "socket");
  const engine = createFakeEngine(process);
  const server = await serveEngine({ engine, socketPath });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { engine, server, socketPath, docker: new Docker({ socketPath }), call: (options: CallOptions) => call(socketPath, options) };
}

export interface CallOptions {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: any;
}

/** One HTTP request over a Unix socket. An object as body is sent as JSON. */
export function call(socketPath: string, { method = "GET", path, headers = {}, body }: CallOptions): Promise<Reply> {
  const isRaw = body === undefined || typeof body === "string" || Buffer.isBuffer(body);
  const data = isRaw ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, method, path, headers: { ...(isRaw ? {} : { "Content-Type": "application/json" }), ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
      });
    });
    request.on("error", reject);
    request.end(data);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Bytes as they are over a raw connection whose writing half is closed after them; resolves with everything that came back. */
export function raw(socketPath: string, text: string, options: { readonly halfClose?: boolean } = {}): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: socketPath, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", reject);
    socket.on("end", () => {
      socket.end();
      resolve(Buffer.concat(chunks));
    });
    socket.write(text);
    if (options.halfClose ?? true) socket.end();
  });
}
