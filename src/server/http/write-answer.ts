import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Answer, Headers } from "./answer.ts";
import { errorBody } from "./error-body.ts";

type HttpAnswer = Exclude<Answer, { kind: "hijack" }>;

/** Writes everything that stays HTTP. What fails after the headers are out is told inside the stream, or by cutting it. */
export async function writeAnswer(response: ServerResponse, answer: HttpAnswer): Promise<void> {
  switch (answer.kind) {
    case "json":
      return writeWhole(response, answer.status, { "Content-Type": "application/json", ...answer.headers }, `${JSON.stringify(answer.value)}\n`);
    case "text":
      return writeWhole(response, 200, { "Content-Type": "text/plain; charset=utf-8", ...answer.headers }, answer.value);
    case "empty":
      response.writeHead(answer.status, answer.headers ?? {});
      response.end();
      return;
    case "bytes":
      return writeBytes(response, answer);
    case "json-lines":
      return writeLines(response, answer);
    case "pending-json":
      return writePending(response, answer.value);
    default:
      return answer satisfies never;
  }
}

function writeWhole(response: ServerResponse, status: number, headers: Headers, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, { ...headers, "Content-Length": String(body.byteLength) });
  response.end(body);
}

async function writeBytes(response: ServerResponse, answer: Extract<Answer, { kind: "bytes" }>): Promise<void> {
  const iterator = answer.source[Symbol.asyncIterator]();
  // Errors up to the first chunk can still have a status.
  const first = answer.flush ? undefined : await iterator.next();
  response.writeHead(200, { "Content-Type": answer.contentType, ...answer.headers });
  if (answer.flush) response.flushHeaders();
  const rest: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => iterator };
  await pipeline(Readable.from(first ? prepend(first, rest) : rest, { objectMode: false }), response);
}

async function* prepend(first: IteratorResult<Uint8Array>, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

async function writeLines(response: ServerResponse, answer: Extract<Answer, { kind: "json-lines" }>): Promise<void> {
  const iterator = answer.values[Symbol.asyncIterator]();
  const first = answer.flush ? undefined : await iterator.next();
  response.writeHead(200, { "Content-Type": "application/json" });
  response.flushHeaders();
  const rest: AsyncIterable<unknown> = { [Symbol.asyncIterator]: () => iterator };
  await pipeline(Readable.from(encodeLines(first, rest)), response);
}

async function* encodeLines(first: IteratorResult<unknown> | undefined, rest: AsyncIterable<unknown>): AsyncGenerator<string> {
  try {
    if (first && !first.done) yield encodeLine(first.value);
    if (!first?.done) for await (const value of rest) yield encodeLine(value);
  } catch (error) {
    yield encodeLine(errorLine(error));
  }
}

const encodeLine = (value: unknown) => `${JSON.stringify(value)}\r\n`;

/** How Docker's JSON streams end in an error. `exitCode` in the error's details becomes the `code` that clients exit with. */
function errorLine(error: unknown): { readonly errorDetail: object; readonly error: string } {
  const { message, code, hint } = errorBody(error);
  const details = error instanceof Error && "details" in error ? (error.details as Readonly<Record<string, unknown>>) : {};
  const exitCode = typeof details["exitCode"] === "number" ? { code: details["exitCode"] } : {};
  return { errorDetail: { ...exitCode, message, ...(code ? { rbuildCode: code } : {}), ...(hint ? { hint } : {}) }, error: message };
}

async function writePending(response: ServerResponse, value: Promise<unknown>): Promise<void> {
  response.writeHead(200, { "Content-Type": "application/json" });
  response.flushHeaders();
  response.end(`${JSON.stringify(await value)}\n`);
}
