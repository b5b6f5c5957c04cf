import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "../../../../system/index.ts";
import { HEADERS_TIMEOUT, KEEP_ALIVE_TIMEOUT, MAX_HEADER_BYTES, MAX_PIPELINED, PIECE_TIMEOUT, type ServeLimits } from "../limits.ts";
import type { AccessLog } from "./access-log.ts";
import { type Answer, type Route, textAnswer } from "./answer.ts";
import type { RequestCounts } from "./metrics.ts";
import { AddressLimits } from "./rate-limit.ts";
import { readRequest } from "./read-request.ts";
import { sendAnswer } from "./send-answer.ts";

export interface HttpOptions {
  readonly limits: ServeLimits;
  readonly log: AccessLog;
  readonly counts: RequestCounts;
  readonly clock: Clock;
  /** For metrics: few names, whatever is asked for. */
  readonly routeName: (path: string) => string;
  /** A fault of the server, not of a client. */
  readonly onFault: (error: unknown) => void;
  /** True: every answer is the last of its connection. */
  readonly isStopping: () => boolean;
}

/** The requests of one connection are answered one after the other, however many of them come at once. */
interface Turns {
  waiting: number;
  last: Promise<void>;
}

/** HTTP/1.1 with limits, around whatever answers. It does not listen yet. */
export function createHttpServer(route: Route, options: HttpOptions): Server {
  const { limits, counts } = options;
  const addresses = new AddressLimits(limits);
  const turns = new WeakMap<Socket, Turns>();
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT,
    requestTimeout: HEADERS_TIMEOUT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
    connectionsCheckingInterval: 1_000,
    insecureHTTPParser: false,
    requireHostHeader: true,
    noDelay: true,
  });
  server.maxConnections = limits.connections;
  server.on("drop", () => counts.refused("connections"));
  server.on("connection", (socket: Socket) => acceptSocket(socket, addresses, counts));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuseMalformed(error, socket, options));
  server.on("request", takeTurn);
  server.on("checkContinue", takeTurn);
  server.on("checkExpectation", takeTurn);
  return server;

  function takeTurn(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const before = turns.get(socket) ?? { waiting: 0, last: Promise.resolve() };
    if (before.waiting >= MAX_PIPELINED) {
      counts.refused("pipelined");
      socket.destroy();
      return;
    }
    turns.set(socket, before);
    before.waiting++;
    const run = () => answerRequest(request, response).finally(() => before.waiting--);
    before.last = before.waiting === 1 ? run() : before.last.then(run);
  }

  async function answerRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const { socket } = request;
    const address = socket.remoteAddress ?? "-";
    const sentBefore = socket.bytesWritten;
    counts.running++;
    let status = 0;
    try {
      const read = readRequest(request);
      const isAllowed = addresses.take(address, started);
      if (!isAllowed) counts.refused("rate");
      const answer = !isAllowed ? TOO_MANY : read.kind === "refused" ? read.answer : await route(read.asked).catch(faulty);
      const isLast = (read.kind === "refused" && read.isLast) || options.isStopping();
      await sendAnswer(response, answer, { isHead: request.method === "HEAD", pieceTimeout: PIECE_TIMEOUT, isLast });
      status = response.headersSent ? answer.status : 0;
    } catch (error) {
      options.onFault(error);
      response.destroy();
    } finally {
      counts.running--;
      const milliseconds = performance.now() - started;
      const bytes = Math.max(0, socket.bytesWritten - sentBefore);
      counts.answered(options.routeName(request.url ?? ""), status, bytes, milliseconds);
      logVisit(request, { address, status, bytes, milliseconds });
    }
  }

  function faulty(error: unknown): Answer {
    options.onFault(error);
    return textAnswer(500, "this server cannot read its files");
  }

  function logVisit(
    request: IncomingMessage,
    visit: { readonly address: string; readonly status: number; readonly bytes: number; readonly milliseconds: number },
  ) {
    const { method = "-", url: target = "-", httpVersion: version, headers } = request;
    options.log.write({ ...visit, time: options.clock.now(), method, target, version, referrer: headers.referer, agent: headers["user-agent"] });
  }
}

const TOO_MANY = textAnswer(429, "too many requests", { "Retry-After": "1" });

function acceptSocket(socket: Socket, addresses: AddressLimits, counts: RequestCounts): void {
  const address = socket.remoteAddress;
  socket.on("error", () => {}); // a client that goes is no fault
  if (address === undefined) return void socket.destroy();
  if (!addresses.connect(address)) {
    counts.refused("address-connections");
    return void socket.destroy();
  }
  counts.connections++;
  socket.once("close", () => {
    counts.connections--;
    addresses.disconnect(address);
  });
}

const BAD_REQUEST = [400, "Bad Request"] as const;
const STATUS_OF_FAULT: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "Request Header Fields Too Large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Request Timeout"],
};

/** What the parser did not accept. Nothing that follows on this connection can be told from it. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Socket, { counts, log, clock }: HttpOptions): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const [status, reason] = STATUS_OF_FAULT[error.code ?? ""] ?? BAD_REQUEST;
  counts.refused("malformed");
  const unknown = { method: "-", target: "-", version: "-", referrer: undefined, agent: undefined, milliseconds: 0 };
  log.write({ ...unknown, address: socket.remoteAddress ?? "-", time: clock.now(), status, bytes: 0 });
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}
