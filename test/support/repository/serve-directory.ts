import { connect } from "node:net";
import { onTestFinished } from "vitest";
import { type RepositoryServer, type ServeOptions, serveRepository } from "../../../src/rbuild/repository/serve/serve-repository.ts";
import { NOW } from "../trust/test-keys.ts";

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly server: RepositoryServer;
  readonly problems: string[];
  /** Sends bytes as they are, and gives what comes until the connection ends. */
  readonly raw: (bytes: string) => Promise<string>;
  readonly get: (path: string, headers?: Readonly<Record<string, string>>, method?: string) => Promise<Response>;
}

// oxlint-disable-next-line no-restricted-globals -- a client that is not the program's own, and gives what it gets
export const otherClient = fetch;

/** At a free port of this machine alone, as of when the tests happen. */
export const serveOptions = (directory: string, problems: string[] = []): ServeOptions => ({
  directory,
  listen: { kind: "address", host: "127.0.0.1", port: 0 },
  limits: { connections: 1024, connectionsPerAddress: 0, requestsPerSecond: 0 },
  logFormat: "none",
  clock: { now: () => NOW },
  onProblem: (message) => void problems.push(message),
});

/** Serves a directory on a free port until the test ends. */
export async function serveDirectory(directory: string, options: Partial<ServeOptions> = {}): Promise<TestServer> {
  const problems: string[] = [];
  const server = await serveRepository({ ...serveOptions(directory, problems), ...options });
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await server[Symbol.asyncDispose]();
    isStopped = true;
  };
  onTestFinished(stop);
  const port = Number(new URL(server.url).port);
  return {
    url: server.url,
    port,
    server: { url: server.url, reload: () => server.reload(), [Symbol.asyncDispose]: stop },
    problems,
    raw: (bytes) => exchange(port, bytes),
    get: (path, headers = {}, method = "GET") => otherClient(new URL(path, server.url), { headers, method, redirect: "manual" }),
  };
}

function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
    socket.setEncoding("latin1");
    socket.on("data", (data: string) => (text += data));
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" || error.code === "EPIPE" ? resolve(text) : reject(error)));
    socket.on("close", () => resolve(text));
    socket.setTimeout(20_000, () => socket.destroy(new Error(`nothing came for 20 s, after: ${text.slice(0, 200)}`)));
  });
}
