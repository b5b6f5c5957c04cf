import { createHash } from "node:crypto";
import { get } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestHex, digestOf } from "../../../../../src/oci/index.ts";
import { ATTACKS, type Attack } from "../../../../../src/rbuild/repository/serve/attack/attacks.ts";
import { openTrustStore, readCheckout, updateTrust } from "../../../../../src/rbuild/trust/index.ts";
import { type ImagesOnDisk, imagesOnDisk } from "../../../../support/repository/images-on-disk.ts";
import { REFUSED_METADATA } from "../../../../support/repository/refused-metadata.ts";
import { serveDirectory } from "../../../../support/repository/serve-directory.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";
import { NOW } from "../../../../support/trust/test-keys.ts";

const MOST = 2 * 2 ** 20;

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly bytes: Buffer;
  /** How it ended: the client stops after two MiB, or when each of two seconds has brought no more than five bytes. */
  readonly end: "whole" | "cut" | "too much" | "too slow" | "no HTTP";
}

/** A client that takes what it gets, within bounds. */
function take(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> {
  return new Promise((resolve) => {
    let cut: (() => void) | undefined;
    const request = get({ port, host: "127.0.0.1", path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const stop = (end: Got["end"]) => {
        clearInterval(timer);
        resolve({ status: response.statusCode ?? 0, headers: response.headers as Got["headers"], bytes: Buffer.concat(chunks), end });
        request.destroy();
      };
      let [before, quiet] = [0, 0];
      const timer = setInterval(() => {
        quiet = length - before <= 5 ? quiet + 1 : 0;
        if (quiet === 2) stop("too slow");
        before = length;
      }, 1_000);
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.byteLength;
        if (length > MOST) stop("too much");
      });
      response.on("end", () => stop("whole"));
      cut = () => stop("cut");
      response.on("error", cut);
    });
    // A reset within a body is an error of the request as well.
    request.on("error", () => (cut ? cut() : resolve({ status: 0, headers: {}, bytes: Buffer.alloc(0), end: "no HTTP" })));
  });
}

/** What rbuild's own judgement says when all metadata comes from there. */
async function verdictOf(images: ImagesOnDisk, port: number, seen?: string): Promise<string> {
  const state = seen ?? (await scratchDirectory());
  const checkout = await readCheckout(images.keys, NOW);
  if (checkout.kind !== "checkout") throw new Error(checkout.message);
  await using store = await openTrustStore(state, checkout.roots[0]!.digest);
  const repository = {
    name: "the mirror",
    async read(path: string, maxBytes: number) {
      const got = await take(port, `/${path}`);
      if (got.status !== 200 || got.end === "cut") return { kind: "absent" as const };
      return got.bytes.byteLength > maxBytes ? { kind: "too-large" as const } : { kind: "bytes" as const, bytes: new Uint8Array(got.bytes) };
    },
  };
  const verdict = await updateTrust({ checkout: checkout.roots, repository, store, clock: { now: () => NOW } });
  return verdict.kind === "refused" ? verdict.code : verdict.kind;
}

const TRUST: Readonly<Partial<Record<Attack, string>>> = {
  ...REFUSED_METADATA,
  freeze: "current",
  "captive-portal": "trust.malformed-metadata",
  "error-page": "trust.missing-file",
  truncate: "trust.missing-file",
  "no-length": "current",
};

test.each(Object.entries(TRUST) as [Attack, string][])("%s is called %s by who checks signatures", async (attack, code) => {
  const images = await imagesOnDisk();
  const { port } = await serveDirectory(images.directory, { attack });
  expect(await verdictOf(images, port)).toBe(code);
});

test("rollback is called trust.rollback by who has seen more", async () => {
  const images = await imagesOnDisk();
  const state = await scratchDirectory();
  const honest = await serveDirectory(images.directory);
  expect(await verdictOf(images, honest.port, state)).toBe("current");
  const hostile = await serveDirectory(images.directory, { attack: "rollback" });
  expect(await verdictOf(images, hostile.port, state)).toBe("trust.rollback");
});

type OnTheWay = readonly [attack: Attack, check: (got: Got, whole: Uint8Array) => void, headers?: Readonly<Record<string, string>>];
const ON_THE_WAY: readonly OnTheWay[] = [
  ["bitflip", ({ bytes, end }, whole) => expect([end, bytes.byteLength, digestOf(bytes) === digestOf(whole)]).toEqual(["whole", whole.byteLength, false])],
  ["swap", ({ status, bytes }) => expect([status, bytes]).toEqual([206, Buffer.alloc(10)]), { Range: "bytes=0-9" }],
  ["truncate", ({ end, bytes }) => expect([end, bytes.byteLength]).toEqual(["cut", 150_000])],
  ["short", ({ end, bytes }) => expect([end, bytes.byteLength]).toEqual(["whole", 150_000])],
  ["longer", ({ end, bytes }) => expect([end, bytes.byteLength]).toEqual(["whole", 300_000 + 2 ** 20])],
  ["endless", ({ end }) => expect(end).toBe("too much")],
  ["no-length", ({ end, bytes, headers }, whole) => expect([end, digestOf(bytes), headers["content-length"]]).toEqual(["whole", digestOf(whole), undefined])],
  ["chunked-forever", ({ end, headers }) => expect([end, headers["transfer-encoding"]]).toEqual(["too much", "chunked"])],
  ["slow", ({ end, bytes }) => expect([end, bytes.byteLength <= 10]).toEqual(["too slow", true])],
  ["stall", ({ end, bytes }) => expect([end, bytes.byteLength]).toEqual(["too slow", 0])],
  ["bomb", ({ headers }) => expect(headers["content-encoding"]).toBe("gzip")],
  ["redirect", ({ status, headers }) => expect([status, headers["location"]?.startsWith("/blobs/sha256/")]).toEqual([302, true])],
  ["redirect-downgrade", ({ status, headers }) => expect([status, headers["location"]]).toEqual([302, "file:///etc/passwd"])],
  ["captive-portal", ({ status, headers }) => expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"])],
  ["error-page", ({ status }) => expect(status).toBe(503)],
  ["range-lie", ({ status, headers }) => expect([status, headers["content-range"]]).toEqual([206, "bytes 1-10/300001"]), { Range: "bytes=0-9" }],
  ["header-injection", ({ end }) => expect(end).toBe("no HTTP")],
  ["huge-headers", ({ end }) => expect(end).toBe("no HTTP")],
];

test.each(ON_THE_WAY.map(([attack, check, headers = {}]) => ({ attack, check, headers })))(
  "$attack does what it says to a blob",
  async ({ attack, check, headers }) => {
    const images = await imagesOnDisk();
    const { port } = await serveDirectory(images.directory, { attack });
    check(await take(port, `/blobs/sha256/${digestHex(digestOf(images.plainLayer))}`, headers), images.plainLayer);
    expect((await take(port, "/healthz")).status).toBe(attack === "error-page" ? 503 : 200);
  },
);

test("reset cuts a file every second time", async () => {
  const images = await imagesOnDisk();
  const { port } = await serveDirectory(images.directory, { attack: "reset" });
  const path = `/blobs/sha256/${createHash("sha256").update(images.plainLayer).digest("hex")}`;
  const all = [await take(port, path), await take(port, path), await take(port, path), await take(port, path)];
  expect(all.map(({ end }) => end).sort()).toEqual(["cut", "cut", "whole", "whole"]);
  for (const { end, headers, bytes } of all) expect([headers["content-length"], bytes.byteLength]).toEqual(["300000", end === "cut" ? 150_000 : 300_000]);
});

test("withheld-root hides all roots but the first", async () => {
  const images = await imagesOnDisk();
  const { port } = await serveDirectory(images.directory, { attack: "withheld-root" });
  expect([(await take(port, "/root/1.json")).status, (await take(port, "/root/2.json")).status]).toEqual([200, 404]);
});

test("every attack is served, and outlives clients that go", async () => {
  const images = await imagesOnDisk();
  const attackLab = join(await scratchDirectory(), "lab");
  for (const attack of Object.keys(ATTACKS) as Attack[]) {
    const { port, problems, server } = await serveDirectory(images.directory, { attack, attackLab });
    for (const path of ["/current.json", "/index/x", "/v2/tools/manifests/1.0"]) {
      const socket = connect(port, "127.0.0.1", () => socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`));
      await new Promise<void>((resolve) => {
        socket.once("data", () => resolve(void socket.destroy()));
        socket.on("error", () => resolve());
        socket.on("close", () => resolve());
        socket.setTimeout(2_000, () => resolve(void socket.destroy()));
      });
    }
    expect([attack, problems]).toEqual([attack, []]);
    await server[Symbol.asyncDispose]();
  }
});
