import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import type { Engine } from "../engine/index.ts";
import { type Clock, systemClock } from "../system/index.ts";
import type { ExecStreams, ServerContext } from "./context.ts";
import { createFrontDoor, isUpgradable } from "./http/front-door.ts";
import { createRouter, type Router } from "./http/router.ts";
import { type ListenTarget, listen } from "./listen.ts";
import { ROUTES } from "./routes/index.ts";
import { createEventLog } from "./streams/event-log.ts";

/** What Go's server takes, and with it every Docker client relies on: X-Registry-Config can be long. */
const MAX_HEADER_BYTES = 1024 * 1024;
/** Requests under way get this long to end by themselves when the server closes. */
const CLOSE_GRACE_MS = 2_000;
const SWEEP_MS = 20;

export interface ServeOptions {
  /** Stays the caller's: closing the server does not close it. */
  readonly engine: Engine;
  /** Where to listen; a stale socket of a dead process is replaced. Its folder must exist. */
  readonly socketPath?: string;
  /** A listening socket handed over, instead of `socketPath`. */
  readonly fd?: number;
  /** Permission bits of the socket, default 0o600. Who may open it is root on this host. */
  readonly mode?: number;
  /** Closes the server. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

export interface ServedEngine extends AsyncDisposable {
  /** `unix:///path`, or `fd://3`. */
  readonly address: string;
  /** Resolves when the server has closed. */
  readonly closed: Promise<void>;
}

/** Serves the Docker Engine API for an engine until it is disposed or the signal aborts. @throws RbuildError `server.socket-…` */
export async function serveEngine(options: ServeOptions): Promise<ServedEngine> {
  options.signal?.throwIfAborted();
  const target = targetOf(options);
  const context: ServerContext = {
    engine: options.engine,
    events: createEventLog(options.engine.events),
    clock: options.clock ?? systemClock,
    version: (await options.engine.info()).version,
    execStreams: new Map<string, ExecStreams>(),
  };
  const router = createRouter(ROUTES);
  const server = createHttpServer(router);
  const sockets = trackSockets(server);
  createFrontDoor(server, router, context);
  await listen(server, target);

  let closing: Promise<void> | undefined;
  const closed = Promise.withResolvers<void>();
  const close = () => {
    closing ??= (async () => {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      // A connection that is busy now becomes idle, and stays open, when its request ends.
      const sweeper = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
      const timer = setTimeout(() => sockets.forEach((socket) => void socket.destroy()), options.signal?.aborted ? 0 : CLOSE_GRACE_MS);
      await context.events[Symbol.asyncDispose]();
      await ended;
      clearTimeout(timer);
      clearInterval(sweeper);
      closed.resolve();
    })();
    return closing;
  };
  options.signal?.addEventListener("abort", () => void close(), { once: true });
  if (options.signal?.aborted) await close();
  return {
    address: "fd" in target ? `fd://${target.fd}` : `unix://${target.socketPath}`,
    closed: closed.promise,
    [Symbol.asyncDispose]: close,
  };
}

function targetOf(options: ServeOptions): ListenTarget {
  if (options.fd !== undefined) return { fd: options.fd };
  if (options.socketPath !== undefined) return { socketPath: options.socketPath, mode: options.mode ?? 0o600 };
  throw new TypeError("serveEngine needs socketPath or fd");
}

/** No timeout anywhere: an idle attach, a long build and a quiet `wait` are all normal. */
function createHttpServer(router: Router): Server {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 0,
    connectionsCheckingInterval: 0x7fffffff,
    shouldUpgradeCallback: (message) => isUpgradable(router, message),
  });
  server.timeout = 0;
  server.on("connection", (socket: Socket) => {
    socket.allowHalfOpen = true;
  });
  return server;
}

function trackSockets(server: Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  return sockets;
}
