import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { RbuildError } from "../../../src/system/index.ts";
import { serveFake } from "../../support/serve-fake.ts";

const BODY = 3_000_000;

/** A connection that keeps what it has received as text. */
function dial(path: string): { readonly socket: Socket; readonly received: () => string } {
  const socket = connect({ path }).on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  return { socket, received: () => text };
}

const refusal = () => new RbuildError("tar.malformed", "no tar", { category: "invalid" });
type Reader = (tar: AsyncIterable<Uint8Array>) => Promise<void>;

const READERS: readonly (readonly [string, Reader])[] = [
  ["leaves after the first piece", first],
  ["fails after the first piece", async (tar) => (await first(tar), Promise.reject(refusal()))],
  [
    "fails while it waits for the next piece",
    async (tar) => {
      const pieces = tar[Symbol.asyncIterator]();
      await pieces.next();
      void pieces.next();
      await sleep(20);
      throw refusal();
    },
  ],
];

async function first(tar: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _piece of tar) return;
}

test.each(READERS)("a client that stalls in an upload has its answer, and may go on, when the reader %s", async (_what, reader) => {
  const { engine, socketPath } = await serveFake();
  engine.containers.extract = (_lookup, _path, tar) => reader(tar);
  const { socket, received } = dial(socketPath);
  socket.write(`PUT /containers/x/archive?path=/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY}\r\n\r\n`);
  socket.write(Buffer.alloc(1000, "x"));
  await expect.poll(received).toMatch(/^HTTP\/1\.1 (200|400) /);
  socket.write(Buffer.alloc(BODY - 1000, "x"));
  socket.write("GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n");
  await expect.poll(received).toMatch(/HTTP\/1\.1 200 OK[^]*HTTP|HTTP\/1\.1 400[^]*HTTP\/1\.1 200 OK/);
});

test.each(READERS)("a client that goes away in an upload harms nobody when the reader %s", async (_what, reader) => {
  const { engine, socketPath, call } = await serveFake();
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()];
  engine.containers.extract = async (_lookup, _path, tar) => {
    begun.resolve();
    const reading = reader(tar).then(() => Array.fromAsync(tar));
    reading.then(ended.resolve, ended.resolve);
    await reading;
  };
  const { socket } = dial(socketPath);
  socket.write(`PUT /containers/x/archive?path=/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY}\r\n\r\n`);
  socket.write(Buffer.alloc(1000, "x"));
  await begun.promise;
  await sleep(50);
  socket.destroy();
  expect(await ended.promise).toBeDefined();
  expect(await call({ path: "/_ping" })).toMatchObject({ status: 200 });
});
