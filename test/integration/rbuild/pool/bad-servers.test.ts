import { readdir, readFile } from "node:fs/promises";
import { request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mirror, openPoolLab } from "../../../support/pool/fill.ts";
import { type TestItem, testItem } from "../../../support/pool/items.ts";
import { give, giveAndBreak, serve } from "../../../support/pool/web-server.ts";

const item = testItem(400_000);
const other = Buffer.alloc(item.size, "x");

async function expectFilled(lab: Awaited<ReturnType<typeof openPoolLab>>, wanted: TestItem = item): Promise<void> {
  expect((await readFile(lab.pool.pathOf(wanted.sha256))).equals(wanted.content)).toBe(true);
  expect(await readdir(join(lab.directory, "tmp"))).toEqual([]);
}

test.each<[string, string, RegExp, (request: IncomingMessage, response: ServerResponse) => void]>([
  ["other bytes", "pool.wrong-bytes", /sha256:.* not sha256:/, (request, response) => give(other, request, response)],
  ["a page in its place", "pool.wrong-bytes", /18 bytes, not 400000/, (_request, response) => response.end("<html>Log in</html>".slice(0, 18))],
  ["an endless body", "pool.wrong-bytes", /more than its 400000 bytes/, (_request, response) => void endless(response)],
  [
    "too much, announced",
    "pool.wrong-bytes",
    /400001 bytes/,
    (_request, response) => response.writeHead(200, { "content-length": 400_001 }).end(Buffer.alloc(400_001)),
  ],
  ["a body that ends too early", "pool.not-obtainable", /ended after 1000 of 400000|416/, (request, response) => cut(request, response)],
  ["an error", "pool.not-obtainable", /503/, (_request, response) => response.writeHead(503).end()],
  ["nothing", "pool.not-obtainable", /404/, (_request, response) => response.writeHead(404).end()],
  ["no answer", "pool.not-obtainable", /[Tt]imeout/, () => undefined],
  [
    "silence in the middle",
    "pool.not-obtainable",
    /[Tt]imeout|bytes a second/,
    (_request, response) => void response.writeHead(200, { "content-length": item.size }).write("x"),
  ],
  ["a drop at a time", "pool.not-obtainable", /bytes a second, less than/, (_request, response) => drip(response)],
  ["a circle of redirects", "pool.not-obtainable", /[Rr]edirect/, (request, response) => response.writeHead(302, { location: request.url ?? "" }).end()],
])("a server that gives %s", async (_what, code, reason, answer) => {
  const lab = await openPoolLab({ attempts: 2 });
  const web = await serve(answer);
  await expect(lab.fillPool([item], [mirror(web.url)])).rejects.toMatchObject({ code, message: expect.stringMatching(reason) });
  expect(await lab.pool.has(item)).toBe(false);
  if (code === "pool.wrong-bytes") expect(lab.warnings()).toEqual([expect.stringContaining(`${web.url} gave something else for ${item.path}`)]);
  const good = await serve((request, response) => give(item.content, request, response));
  await lab.fillPool([item], [mirror(web.url), mirror(good.url)]);
  await expectFilled(lab);
});

test("no more than an item's size is taken from an endless answer", async () => {
  const lab = await openPoolLab();
  const state = { sent: 0 };
  const web = await serve((_request, response) => void endless(response, state));
  await expect(lab.fillPool([item], [mirror(web.url)])).rejects.toMatchObject({ code: "pool.wrong-bytes" });
  // what stands in the sockets' buffers comes on top
  expect(state.sent).toBeLessThan(40_000_000);
});

test("a broken transfer is taken up where it broke", async () => {
  const lab = await openPoolLab();
  const web = await serve((request, response) => {
    if (request.headers.range === undefined) giveAndBreak(item.content, 150_000, response);
    else give(item.content, request, response);
  });
  expect(await lab.fillPool([item], [mirror(web.url)])).toMatchObject({ bytes: item.size });
  await expectFilled(lab);
  expect(web.asked).toHaveLength(2);
  expect(web.asked[1]?.headers).toMatchObject({ range: expect.stringMatching(/^bytes=[1-9]\d*-$/), "if-range": '"one"' });
});

test("a server that has other bytes by then, or ignores ranges, is read from the start", async () => {
  for (const etag of ['"two"', '"one"']) {
    const lab = await openPoolLab();
    const web = await serve((request, response) => {
      if (request.headers.range === undefined) giveAndBreak(other, 150_000, response);
      else if (etag === '"two"') give(item.content, request, response, etag);
      else response.writeHead(200, { "content-length": item.size }).end(item.content);
    });
    await lab.fillPool([item], [mirror(web.url)]);
    await expectFilled(lab);
    expect(lab.warnings()).toEqual([]);
  }
});

test("a part of something else is not blamed on the server that gave the rest", async () => {
  const lab = await openPoolLab({ attempts: 1 });
  const liar = await serve((_request, response) => giveAndBreak(other, 150_000, response));
  await expect(lab.fillPool([item], [mirror(liar.url)])).rejects.toMatchObject({ code: "pool.not-obtainable" });
  expect(await readdir(join(lab.directory, "tmp"))).toHaveLength(1);
  const good = await serve((request, response) => give(item.content, request, response));
  await lab.fillPool([item], [mirror(good.url)]);
  await expectFilled(lab);
  expect(lab.warnings()).toEqual([]);
  expect(good.asked.map(({ headers }) => headers.range)).toEqual([expect.stringContaining("bytes="), undefined]);
});

test("a range that was not asked for is not believed", async () => {
  const lab = await openPoolLab();
  const web = await serve((request, response) => {
    if (request.headers.range === undefined && web.asked.length === 1) giveAndBreak(item.content, 150_000, response);
    else if (request.headers.range !== undefined)
      response.writeHead(206, { "content-range": `bytes 0-9/${item.size}`, "content-length": 10 }).end(item.content.subarray(0, 10));
    else give(item.content, request, response);
  });
  await lab.fillPool([item], [mirror(web.url)]);
  await expectFilled(lab);
});

test("wrong bytes from a proxy are fetched once more directly", async () => {
  const lab = await openPoolLab();
  const web = await serve((request, response) => give(item.content, request, response));
  const proxy = await serve((_request, response) => response.writeHead(200, { "content-length": other.byteLength }).end(other));
  await lab.fillPool([item], [mirror(web.url, proxy.url.replace("http://", "http://me:secret@"))]);
  await expectFilled(lab);
  expect(proxy.asked).toMatchObject([{ url: `${web.url}/${item.path.replaceAll("+", "%2B")}`, headers: { "proxy-authorization": expect.any(String) } }]);
  expect(web.asked).toMatchObject([{ headers: { "cache-control": "no-cache" } }]);
  expect(lab.warnings()).toEqual([expect.stringContaining("pool.wrong-bytes")]);
});

test("where only the proxy gets out, it is asked once more past its cache", async () => {
  const lab = await openPoolLab();
  const proxy = await serve((request, response) => {
    if (request.headers["cache-control"] === "no-cache") give(item.content, request, response);
    else give(other, request, response);
  });
  await lab.fillPool([item], [mirror("http://mirror.invalid/debian", proxy.url)]);
  await expectFilled(lab);
  expect(proxy.asked.map(({ url }) => new URL(url).hostname)).toEqual(["mirror.invalid", "mirror.invalid"]);
});

test("a proxy that is right is all that is asked", async () => {
  const lab = await openPoolLab();
  const web = await serve((request, response) => give(item.content, request, response));
  const proxy = await serve((request, response) => {
    forward(request.url ?? "", { headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    }).end();
  });
  await lab.fillPool([item], [mirror(web.url, proxy.url)]);
  await expectFilled(lab);
  expect(proxy.asked).toHaveLength(1);
  expect(web.asked).toHaveLength(1);
});

test("an https server is asked through the proxy's CONNECT", async () => {
  const lab = await openPoolLab();
  const connects: string[] = [];
  const proxy = await serve(
    (_request, response) => response.end(),
    (request, socket) => {
      connects.push(request.url ?? "");
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    },
  );
  await expect(lab.fillPool([item], [mirror("https://mirror.invalid/debian", proxy.url)])).rejects.toMatchObject({ code: "pool.not-obtainable" });
  expect(connects).toEqual(["mirror.invalid:443", "mirror.invalid:443"]);
});

test("a proxy or URL of another kind is no reason to stop", async () => {
  const lab = await openPoolLab();
  const web = await serve((request, response) => give(item.content, request, response));
  await expect(lab.fillPool([item], [mirror(web.url, "socks5h://127.0.0.1:9050")])).rejects.toMatchObject({
    message: expect.stringContaining("its proxy socks5h://"),
  });
  await lab.fillPool([item], [mirror(web.url, "socks5h://127.0.0.1:9050"), { kind: "template", template: "ftp://h/{path}" }, mirror(web.url)]);
  await expectFilled(lab);
});

async function endless(response: ServerResponse, state = { sent: 0 }): Promise<void> {
  const chunk = Buffer.alloc(65_536, "x");
  const more = () => {
    while (!response.destroyed && state.sent < 100_000_000) {
      state.sent += chunk.byteLength;
      if (response.write(chunk)) continue;
      response.once("drain", more);
      break;
    }
  };
  more();
}

function cut(request: IncomingMessage, response: ServerResponse): void {
  // In chunks, so that its length is not told.
  if (request.headers.range === undefined) response.write(item.content.subarray(0, 1000), () => response.end());
  else response.writeHead(416).end();
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { "content-length": item.size });
  const timer = setInterval(() => response.write("x"), 50);
  response.on("close", () => clearInterval(timer));
}
