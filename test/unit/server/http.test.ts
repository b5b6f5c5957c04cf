import { expect, test } from "vitest";
import { call, raw, serveFake } from "../../support/serve-fake.ts";

test("answers a ping with the headers clients negotiate by", async () => {
  const { call } = await serveFake();
  const reply = await call({ path: "/_ping" });
  expect(reply).toMatchObject({
    status: 200,
    text: "OK",
    headers: { "api-version": "1.50", ostype: "linux", "docker-experimental": "false", "builder-version": "1" },
  });
  expect(reply.headers.server).toMatch(/^rbuild\/.+ \(linux\)$/);
  expect(await call({ method: "HEAD", path: "/_ping" })).toMatchObject({ status: 200, text: "", headers: { "content-length": "0" } });
});

test.each([
  ["/v1.24/_ping", 200, undefined],
  ["/v1.50/_ping", 200, undefined],
  ["/v1.51/_ping", 400, "client version 1.51 is too new. Maximum supported API version is 1.50"],
  ["/v2.0/info", 400, "client version 2.0 is too new. Maximum supported API version is 1.50"],
  ["/v1.23/info", 400, "client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version"],
  ["/nope", 404, "page not found"],
  ["/v1.40/nope", 404, "page not found"],
  ["/containers/%zz/json", 404, "page not found"],
  ["/containers//json", 404, "page not found"],
  ["/containers/nope/json", 404, "No such container: nope"],
  ["/v1.41/images/some/where/nope:1/json", 404, "No such image: some/where/nope:1"],
  ["/volumes/nope", 404, "get nope: no such volume"],
  ["/networks/nope", 404, "network nope not found"],
  ["/exec/nope/json", 404, "No such exec instance: nope"],
  ["/swarm", 503, expect.stringContaining("This node is not a swarm manager")],
  ["/services/x", 503, expect.stringContaining("This node is not a swarm manager")],
  ["/distribution/x/json", 503, expect.stringContaining("no registry is configured in this engine")],
  ["/images/search?term=x", 503, expect.stringContaining("no registry is configured in this engine")],
  ["/plugins/x/json", 404, 'plugin "x" not found'],
  ["/containers/json?limit=x", 400, expect.stringContaining("limit")],
  ["/images/json?filters=bad", 400, expect.stringContaining("filters")],
  ['/images/json?filters={"bogus":["x"]}', 400, "Invalid filter 'bogus'"],
  ["/containers/x/logs", 400, "Bad parameters: you must choose at least one stream"],
])("GET %s answers %i", async (path, status, message) => {
  const { call } = await serveFake();
  const reply = await call({ path });
  expect(reply.status).toBe(status);
  if (message !== undefined) expect(reply).toMatchObject({ headers: { "content-type": "application/json" }, json: { message } });
});

test("a method the path does not have is an unknown page", async () => {
  const { call } = await serveFake();
  expect(await call({ method: "POST", path: "/containers/json" })).toMatchObject({ status: 404, json: { message: "page not found" } });
});

test.each([
  ["bad JSON", "{bad", { "Content-Type": "application/json" }, "server.body-not-json"],
  ["another content type", '{"Image":"x"}', { "Content-Type": "text/plain" }, "server.body-not-json"],
  ["the wrong form", '{"Image":7}', { "Content-Type": "application/json" }, "server.body-invalid"],
  ["no image", "{}", { "Content-Type": "application/json" }, "server.config-empty"],
])("refuses a create request with %s", async (_what, body, headers, code) => {
  const { call } = await serveFake();
  expect(await call({ method: "POST", path: "/containers/create", headers, body })).toMatchObject({ status: 400, json: { code } });
});

test("refuses a JSON body without end", async () => {
  const { call } = await serveFake();
  const body = JSON.stringify({ Image: "x".repeat(5 * 1024 * 1024) });
  expect(await call({ method: "POST", path: "/containers/create", headers: { "Content-Type": "application/json" }, body })).toMatchObject({
    status: 413,
    json: { code: "server.body-too-large" },
  });
});

test("an upgrade where nothing can be taken over is plain HTTP", async () => {
  const { socketPath } = await serveFake();
  const reply = await raw(socketPath, "GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  expect(reply.toString()).toMatch(/^HTTP\/1.1 200 OK\r\n/);
});

test("an upgrade that fails is answered in HTTP, and the connection ends", async () => {
  const { socketPath } = await serveFake();
  const reply = (
    await raw(socketPath, "POST /v1.41/containers/nope/attach?stream=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n", {
      halfClose: false,
    })
  ).toString();
  expect(reply).toMatch(/^HTTP\/1.1 404 Not Found\r\n/);
  expect(reply).toContain('"message":"No such container: nope"');
});

test("garbage is answered with 400", async () => {
  const { socketPath } = await serveFake();
  expect((await raw(socketPath, "garbage\r\n\r\n", { halfClose: false })).toString()).toMatch(/^HTTP\/1.1 400 /);
});

const hidden = "GET /hidden HTTP/1.1\r\nHost: d\r\n\r\n";
test.each([
  ["a length and chunks", `POST /_ping HTTP/1.1\r\nHost: d\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
  ["two lengths", `POST /_ping HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`],
  ["a length with a sign", `POST /_ping HTTP/1.1\r\nHost: d\r\nContent-Length: +0\r\n\r\n${hidden}`],
  ["chunks that are not last", `POST /_ping HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`],
  ["a blank before the colon", `GET /_ping HTTP/1.1\r\nHost : d\r\n\r\n${hidden}`],
  ["a bare carriage return", `GET /_ping HTTP/1.1\r\nHost: d\rX: y\r\n\r\n${hidden}`],
  ["a zero byte", `GET /_ping HTTP/1.1\r\nHost: d\r\nX: a\0b\r\n\r\n${hidden}`],
])("a request that could be read in two ways is answered with 400, and nothing after it: %s", async (_what, text) => {
  const { socketPath } = await serveFake();
  const reply = (await raw(socketPath, text)).toString();
  expect(reply.match(/^HTTP\/1\.1 \d+/gm)).toEqual(["HTTP/1.1 400"]);
});

test("headers and bodies that are too large or nested without end are refused", async () => {
  const { socketPath, call } = await serveFake();
  const headers = await raw(socketPath, `GET /_ping HTTP/1.1\r\nHost: d\r\nX: ${"a".repeat(2 ** 20)}\r\n\r\n`, { halfClose: false });
  expect(headers.toString()).toMatch(/^HTTP\/1.1 400 /);
  for (const body of ["[".repeat(1_000_000), `${'{"a":'.repeat(500_000)}1${"}".repeat(500_000)}`]) {
    const reply = await call({ method: "POST", path: "/containers/create", headers: { "Content-Type": "application/json" }, body });
    expect(reply).toMatchObject({ status: 400, json: { code: expect.stringMatching(/^server\./) } });
  }
});

test("the socket is for its owner alone, and is replaced when its process is dead", async () => {
  const { socketPath, server } = await serveFake();
  const { stat } = await import("node:fs/promises");
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  const { serveEngine } = await import("../../../src/server/index.ts");
  const { createFakeEngine } = await import("../../support/fake-engine.ts");
  await expect(serveEngine({ engine: createFakeEngine(), socketPath })).rejects.toMatchObject({ code: "server.socket-in-use" });
  await server[Symbol.asyncDispose]();
  await using again = await serveEngine({ engine: createFakeEngine(), socketPath, mode: 0o660 });
  expect(again.address).toBe(`unix://${socketPath}`);
  expect((await stat(socketPath)).mode & 0o777).toBe(0o660);
  expect(await call(socketPath, { path: "/_ping" })).toMatchObject({ status: 200 });
});
