import { once } from "node:events";
import { readFile, rename } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { digestHex, digestOf } from "../../../../../src/oci/index.ts";
import { imagesOnDisk } from "../../../../support/repository/images-on-disk.ts";
import { serveDirectory } from "../../../../support/repository/serve-directory.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

const statusesOf = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

describe("requests that could be read in two ways", () => {
  const hidden = "GET /root/1.json HTTP/1.1\r\nHost: hidden\r\n\r\n";
  test.each([
    ["a length and chunks", `GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
    ["two lengths", `GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`],
    ["a length with a sign", `GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n${hidden}`],
    ["a list of lengths", `GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 0\r\n\r\n${hidden}`],
    ["a body", `GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`],
    ["chunks", `GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`],
    ["another encoding", `GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`],
    ["a blank before the colon", `GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n`],
    ["a folded header", `GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\nX-D\r\n\r\n`],
    ["a bare line feed", `GET /healthz HTTP/1.1\nHost: a\n\n`],
    ["a bare carriage return", `GET /healthz HTTP/1.1\r\nHost: a\rX: b\r\n\r\n`],
    ["a zero byte", `GET /healthz HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n`],
    ["no host", `GET /healthz HTTP/1.1\r\n\r\n`],
    ["two hosts", `GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`],
    ["no HTTP", "\x16\x03\x01\x02\x00\x01"],
    ["a version of its own", "GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n"],
  ])("get 400 and no second answer: %s", async (_name, bytes) => {
    const { directory } = await imagesOnDisk();
    const { raw } = await serveDirectory(directory);
    expect(statusesOf(await raw(bytes))).toEqual([400]);
  });

  test.each([
    ["POST", 405],
    ["PUT", 405],
    ["DELETE", 405],
    ["OPTIONS", 405],
    ["TRACE", 405],
  ])("%s is not what this server does", async (method, status) => {
    const { directory } = await imagesOnDisk();
    const { raw } = await serveDirectory(directory);
    const text = await raw(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(statusesOf(text)).toEqual([status]);
    expect(text).toContain("Allow: GET, HEAD");
  });

  test("CONNECT, upgrades and expectations lead nowhere", async () => {
    const { directory } = await imagesOnDisk();
    const { raw } = await serveDirectory(directory);
    expect(statusesOf(await raw("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"))).toEqual([]);
    expect(statusesOf(await raw("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"))).toEqual([200]);
    expect(statusesOf(await raw("GET /healthz HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"))).toEqual([417]);
  });

  test("an absolute address is a path too, and a query is left aside", async () => {
    const { directory } = await imagesOnDisk();
    const { raw } = await serveDirectory(directory);
    for (const target of ["http://other/root/1.json", "/root/1.json?x=1"])
      expect(statusesOf(await raw(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`))).toEqual([200]);
  });
});

describe("limits", () => {
  test("headers of 16 KiB, targets of 2 KiB", async () => {
    const { directory } = await imagesOnDisk();
    const { raw } = await serveDirectory(directory);
    expect(statusesOf(await raw(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(20_000)}\r\n\r\n`))).toEqual([431]);
    expect(statusesOf(await raw(`GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`))).toEqual([431]);
    expect(statusesOf(await raw(`GET /${"a".repeat(3_000)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`))).toEqual([414]);
  });

  test("requests that come at once are answered in their order, and not endlessly many", async () => {
    const images = await imagesOnDisk();
    const { raw } = await serveDirectory(images.directory);
    const one = `GET /blobs/sha256/${digestHex(digestOf(images.plainLayer))} HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9\r\n\r\n`;
    expect(statusesOf(await raw(`${one}${one}GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`))).toEqual([206, 206, 404]);
    expect(statusesOf(await raw(one.repeat(5_000))).length).toBeLessThan(40);
  });

  test("connections of one address", async () => {
    const { directory } = await imagesOnDisk();
    const { port, get } = await serveDirectory(directory, { limits: { connections: 100, connectionsPerAddress: 2, requestsPerSecond: 0 } });
    const held = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
    await Promise.all(held.map((socket) => once(socket, "connect")));
    const third = connect(port, "127.0.0.1");
    await once(third, "close");
    for (const socket of held) socket.destroy();
    await expect.poll(() => get("/healthz").then(({ status }) => status, String)).toBe(200);
  });

  test("requests of one address in a second", async () => {
    const { directory } = await imagesOnDisk();
    const { get } = await serveDirectory(directory, { limits: { connections: 100, connectionsPerAddress: 0, requestsPerSecond: 2 } });
    const statuses = (await Promise.all(Array.from({ length: 40 }, () => get("/healthz")))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(6);
    expect(statuses).toContain(429);
    await delay(1_200);
    expect((await get("/healthz")).status).toBe(200);
  });

  test("headers that come a byte at a time are not waited for", async () => {
    const { directory } = await imagesOnDisk();
    const { port } = await serveDirectory(directory);
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    const drip = setInterval(() => socket.writable && socket.write("G"), 500);
    socket.on("error", () => {});
    await once(socket, "close");
    clearInterval(drip);
    expect(statusesOf(text).every((status) => status === 408 || status === 400)).toBe(true);
  });
});

describe("the server itself", () => {
  test("says how it is, and counts", async () => {
    const images = await imagesOnDisk();
    const { get, raw } = await serveDirectory(images.directory);
    expect(await (await get("/healthz")).text()).toBe("ok\n");
    await raw("nonsense\r\n\r\n");
    await get("/nothing");
    const text = await (await get("/metrics")).text();
    expect(text).toContain('rbuild_http_requests_total{route="file",status="404"} 1\n');
    expect(text).toContain('rbuild_http_refused_total{reason="malformed"} 1\n');
    expect(text).toContain("rbuild_repository_index_version 2\n");
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    for (const line of text.trimEnd().split("\n")) expect(line).toMatch(/^(?:# (?:HELP|TYPE) .+|[a-z_]+(?:\{[^}]*\})? [0-9.e+-]+)$/);
  });

  test("is not well when the repository cannot be read", async () => {
    const { get, problems } = await serveDirectory(await scratchDirectory());
    const response = await get("/healthz");
    expect([response.status, await response.text()]).toEqual([503, "trust.missing-file\n"]);
    expect(problems[0]).toContain("trust.missing-file");
    expect((await get("/v2/tools/tags/list")).status).toBe(503);
  });

  test("logs what was asked, whatever it was made of, and opens its log anew", async () => {
    const { directory } = await imagesOnDisk();
    const log = join(await scratchDirectory(), "access.log");
    const { raw, server } = await serveDirectory(directory, { logFormat: "combined", logFile: log });
    await raw('GET /"\\x HTTP/1.1\r\nHost: a\r\nUser-Agent: "red"\xff\r\nReferer: a\tb\r\nConnection: close\r\n\r\n');
    await rename(log, `${log}.1`);
    server.reload();
    await raw("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    await server[Symbol.asyncDispose]();
    const [first, second] = [await readFile(`${log}.1`, "utf8"), await readFile(log, "utf8")];
    expect(first).toMatch(/^127\.0\.0\.1 - - \[21\/Nov\/2026:12:00:00 \+0000\] "GET \/\\x22\\x5Cx HTTP\/1\.1" 404 \d+ "a\\x09b" "\\x22red\\x22\\xFF"\n$/);
    expect(second).toMatch(/"GET \/healthz HTTP\/1\.1" 200 /);
  });

  test("stops after the answers that run", async () => {
    const images = await imagesOnDisk();
    const { port, server } = await serveDirectory(images.directory, { attack: "slow" });
    const socket = connect(port, "127.0.0.1");
    socket.write("GET /current.json HTTP/1.1\r\nHost: a\r\nRange: bytes=0-2\r\n\r\n");
    let text = "";
    socket.on("data", (data) => (text += data.toString()));
    await expect.poll(() => text).toMatch(/\r\n\r\n/);
    const stopped = server[Symbol.asyncDispose]();
    await expect(once(connect(port, "127.0.0.1"), "connect")).rejects.toThrow("ECONNREFUSED");
    await Promise.all([stopped, once(socket, "close")]);
    expect(text).toMatch(/\r\n\r\n[^]{3}$/);
  });
});
