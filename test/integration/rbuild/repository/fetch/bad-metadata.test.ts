import { afterAll, beforeAll, expect, test } from "vitest";
import { drip, endless, serveFiles, type Twist } from "../../../../support/repository/fetch-lab.ts";
import { type TwoReleases, twoReleases } from "../../../../support/repository/two-releases.ts";

let releases: TwoReleases;
beforeAll(async () => void (releases = await twoReleases()), 60_000);
afterAll(() => releases[Symbol.asyncDispose]());

const PAGE = "<!DOCTYPE html><title>Log in</title>";
/** Twists `current.json` alone. */
const current =
  (answer: (...values: Parameters<Twist>) => void): Twist =>
  (...values) => {
    if (values[0] !== "current.json") return false;
    answer(...values);
    return true;
  };

test.each<[string, string, Twist]>([
  ["a captive portal that answers everything", "trust.captive-portal", (_path, _bytes, _request, response) => (response.end(PAGE), true)],
  [
    "a captive portal that calls its page JSON",
    "trust.captive-portal",
    current((_path, _bytes, _request, response) => response.setHeader("content-type", "application/json").end(PAGE)),
  ],
  ["a captive portal that says what it is", "trust.captive-portal", current((_path, _bytes, _request, response) => response.writeHead(511).end(PAGE))],
  [
    "a redirect to another host",
    "trust.redirect",
    current((_path, _bytes, _request, response) => response.writeHead(302, { location: "http://localhost:1/current.json" }).end()),
  ],
  [
    "a redirect with a password in it",
    "trust.redirect",
    current((_path, _bytes, request, response) => response.writeHead(302, { location: `http://a:b@${request.headers.host}/x` }).end()),
  ],
  ["a redirect to a file", "trust.redirect", current((_path, _bytes, _request, response) => response.writeHead(301, { location: "file:///etc/passwd" }).end())],
  ["a redirect loop", "trust.redirect", current((_path, _bytes, _request, response) => response.writeHead(307, { location: "/current.json" }).end())],
  [
    "redirects without end",
    "trust.redirect",
    (path, _bytes, _request, response) => (response.writeHead(302, { location: `/${Number.isInteger(Number(path)) ? Number(path) + 1 : 1}` }).end(), true),
  ],
  ["endless data", "trust.too-large", current((_path, _bytes, _request, response) => void endless(response))],
  [
    "an announced oversize",
    "trust.too-large",
    current((_path, _bytes, _request, response) => response.writeHead(200, { "content-length": 2 ** 40 }).write(" ")),
  ],
  ["slow retrieval", "trust.slow-retrieval", current((_path, bytes, _request, response) => drip(response, bytes))],
  [
    "a newline in a header",
    "trust.malformed-answer",
    current((_path, _bytes, request) => request.socket.end("HTTP/1.1 200 OK\r\nx-a: b\nx-c\u0000: d\r\ncontent-length: 2\r\n\r\n{}")),
  ],
  [
    "two lengths",
    "trust.malformed-answer",
    current((_path, _bytes, request) => request.socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}!")),
  ],
  ["no HTTP", "trust.malformed-answer", current((_path, _bytes, request) => request.socket.end("220 mail.example.org ESMTP\r\n"))],
  ["a part that nobody asked for", "trust.malformed-answer", current((_path, _bytes, _request, response) => response.writeHead(206).end("{}"))],
  ["a pointer that is gone", "trust.missing-file", current((_path, _bytes, _request, response) => response.writeHead(404).end(PAGE))],
  ["an error", "repository.unreachable", current((_path, _bytes, _request, response) => response.writeHead(503).end())],
  [
    "a broken connection",
    "repository.unreachable",
    current((_path, _bytes, _request, response) => response.writeHead(200, { "content-length": 90 }).write("{", () => response.destroy())),
  ],
  ["silence", "repository.unreachable", current(() => undefined)],
  [
    "another index in the place of the newest (mix-and-match)",
    "trust.mix-and-match",
    (path, bytes, _request, response) => {
      if (!/^index\/2\..*json$/.test(path) || !bytes) return false;
      response.end(Buffer.from(bytes.toString("latin1").replace('"version": "2"', '"version": "3"'), "latin1"));
      return true;
    },
  ],
])("%s changes nothing that is remembered", async (_what, code, twist) => {
  const client = await releases.client();
  await client.fetch([releases.first]);
  const before = await client.memory();
  const web = await serveFiles(releases.second, twist);
  await expect(client.fetch([web.url])).rejects.toMatchObject({ code, category: code.startsWith("trust.") ? "untrusted" : "unavailable" });
  expect(await client.memory()).toEqual(before);
  // It is reported and left, where there is another.
  expect(await client.fetch([web.url, releases.second])).toMatchObject({ version: "2", source: releases.second });
  expect(client.warnings()).toEqual([code]);
});

test("rollback: an old state of the same repository", async () => {
  const client = await releases.client();
  await client.fetch([releases.second]);
  const before = await client.memory();
  await expect(client.fetch([(await serveFiles(releases.first)).url])).rejects.toMatchObject({ code: "trust.rollback" });
  expect(await client.memory()).toEqual(before);
});

test("nobody there, and all of three mirrors bad: the attack is named", async () => {
  const client = await releases.client();
  const portal = await serveFiles(releases.second, (_path, _bytes, _request, response) => (response.end(PAGE), true));
  await expect(client.fetch(["http://127.0.0.1:1"])).rejects.toMatchObject({ code: "repository.unreachable" });
  await expect(client.fetch(["http://127.0.0.1:1", portal.url, "/nonexistent"])).rejects.toMatchObject({
    code: "trust.captive-portal",
    message: expect.stringMatching(/none of 3 mirrors.*repository\.unreachable.*trust\.captive-portal.*no directory or bundle \/nonexistent/s),
  });
  expect(await client.memory()).toMatchObject({ images: [] });
});

test("redirects within a host are followed", async () => {
  const client = await releases.client();
  const web = await serveFiles(releases.second, (path, _bytes, _request, response) => {
    if (path.startsWith("m/")) return false;
    response.writeHead(302, { location: `/m/${path}` }).end();
    return true;
  });
  await expect(client.fetch([web.url])).rejects.toMatchObject({ code: "trust.missing-file" });
  const moved = await serveFiles(releases.second, (path, _bytes, _request, response) => {
    if (!path.startsWith("old/")) return false;
    response.writeHead(301, { location: `/${path.slice(4)}` }).end();
    return true;
  });
  expect(await client.fetch([`${moved.url}/old/`])).toMatchObject({ how: "full" });
});
