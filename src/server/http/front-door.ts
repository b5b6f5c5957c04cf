import { type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ServerContext } from "../context.ts";
import type { Answer, Headers } from "./answer.ts";
import { MAX_API_VERSION, versionText } from "./api-version.ts";
import { errorBody } from "./error-body.ts";
import { hijackResponse, hijackSocket } from "./hijack.ts";
import type { Router } from "./router.ts";
import { statusOf } from "./status.ts";
import { dropRest } from "./upload.ts";
import { writeAnswer } from "./write-answer.ts";

/** Joins the HTTP server to the routes: one request in, one answer out, and every error as Docker's error JSON. */
export function createFrontDoor(server: Server, router: Router, context: ServerContext): void {
  server.on("request", (message: IncomingMessage, response: ServerResponse) => void serve(router, context, message, response));
  server.on("upgrade", (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (head.byteLength > 0) socket.unshift(head);
    void serve(router, context, message, responseOver(message, socket), socket);
  });
  server.on("clientError", (_error: Error, socket: Duplex) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    else socket.destroy();
  });
}

/** Upgrades are honoured only where a route takes the connection over; elsewhere the header is passed over, as HTTP allows. */
export function isUpgradable(router: Router, message: IncomingMessage): boolean {
  try {
    return router(message.method ?? "", message.url ?? "").route.hijacks === true;
  } catch {
    return false;
  }
}

/** An upgraded connection whose request fails is still answered in HTTP. */
function responseOver(message: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as import("node:net").Socket);
  response.once("finish", () => socket.end());
  return response;
}

async function serve(router: Router, context: ServerContext, message: IncomingMessage, response: ServerResponse, upgraded?: Duplex): Promise<void> {
  const gone = new AbortController();
  const leave = () => gone.abort(new Error("the client closed the connection"));
  (upgraded ?? response).once("close", leave);
  upgraded?.on("error", leave);
  for (const [name, value] of Object.entries(serverHeaders(context))) response.setHeader(name, value);
  try {
    const { route, version, params, query } = router(message.method ?? "", message.url ?? "");
    const answer = await route.handle({ method: route.method, version, params, query, message, signal: gone.signal }, context);
    await (answer.kind === "hijack" ? takeOver(answer, context, message, response, upgraded, gone.signal) : writeAnswer(response, answer));
  } catch (error) {
    fail(error, response, upgraded);
  } finally {
    if (!upgraded) dropRest(message);
  }
}

async function takeOver(
  answer: Extract<Answer, { kind: "hijack" }>,
  context: ServerContext,
  message: IncomingMessage,
  response: ServerResponse,
  upgraded: Duplex | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (!upgraded) return await hijackResponse(message, response, answer, signal);
  response.detachSocket(upgraded as import("node:net").Socket);
  await hijackSocket(upgraded, answer, serverHeaders(context), signal);
}

function fail(error: unknown, response: ServerResponse, upgraded: Duplex | undefined): void {
  if (response.headersSent || response.destroyed || (upgraded && !response.socket)) {
    // Too late for a status: a cut connection is all that still tells the client.
    (upgraded ?? response).destroy();
    return;
  }
  void writeAnswer(response, { kind: "json", status: statusOf(error), value: errorBody(error) });
}

function serverHeaders(context: ServerContext): Headers {
  return { "Api-Version": versionText(MAX_API_VERSION), "Docker-Experimental": "false", Ostype: "linux", Server: `rbuild/${context.version} (linux)` };
}
