import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pageRoute } from "../../../../../src/rbuild/repository/serve/page/page-route.ts";
import { viewRepository } from "../../../../../src/rbuild/repository/serve/view/repository-view.ts";
import { openMemoryStore } from "../../../../../src/rbuild/trust/client/memory-store.ts";
import { openDirectorySource } from "../../../../../src/rbuild/trust/index.ts";
import { imagesOnDisk } from "../../../../support/repository/images-on-disk.ts";
import { serveDirectory } from "../../../../support/repository/serve-directory.ts";
import { NOW } from "../../../../support/trust/test-keys.ts";

const DAY = 86_400_000;

async function pageOf(options: Parameters<typeof serveDirectory>[1] = {}, prepare?: (directory: string) => Promise<void>) {
  const images = await imagesOnDisk();
  await prepare?.(images.directory);
  const server = await serveDirectory(images.directory, { ...options, ...(options.keys === "own" ? { keys: images.keys } : {}) });
  const response = await server.get("/");
  return { images, server, response, text: await response.text() };
}

describe("the page", () => {
  test("lists images, newest first, with channels, sizes and digests, and how to use them", async () => {
    const { text, response, images, server } = await pageOf();
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(text).toContain(images.manifest);
    expect(text.indexOf("<td>2.0</td>")).toBeLessThan(text.indexOf("<td>1.0</td>"));
    expect(text).toContain("<td>stable</td>");
    expect(text).toContain(`docker pull 127.0.0.1:${server.port}/tools@sha256:`);
    expect((await server.get("/", { "If-None-Match": response.headers.get("etag") ?? "" })).status).toBe(304);
  });

  test("says what changed between versions, and takes nothing in them for markup", async () => {
    const { text } = await pageOf();
    expect(text).toContain("tools 2.0 (amd64), since 1.0: 3 packages");
    expect(text).toContain("<code>bash</code> 5.2-1 → 5.2-2");
    expect(text).toContain("<code>new</code> .b. is new");
    expect(text).toContain("<code>old</code> 1 is gone");
  });

  test("takes nothing from locks that are not those of the index", async () => {
    const { text } = await pageOf({}, async (directory) => {
      const locks = join(directory, "locks/sha256");
      for (const name of await readdir(locks)) await writeFile(join(locks, name), (await readFile(join(locks, name), "utf8")).replace("5.2-2", "6.6-6"));
    });
    expect(text).not.toContain("6.6-6");
    expect(text).toContain("tools 2.0 (amd64), since 1.0: not known");
  });

  test("is there again once its files can be read again", async () => {
    const { directory } = await imagesOnDisk();
    const repository = openDirectorySource(directory);
    const clock = { now: () => NOW };
    const view = await viewRepository({ repository, keys: undefined, store: openMemoryStore(), clock });
    let isBroken = true;
    const read: typeof repository.read = (path, maxBytes) => (isBroken ? Promise.reject(new Error("too many open files")) : repository.read(path, maxBytes));
    const page = pageRoute({ name: directory, read }, clock);
    const asked = { method: "GET", path: "/", query: new URLSearchParams(), headers: {} } as unknown as Parameters<typeof page>[0];
    await expect(page(asked, view)).rejects.toThrow("too many open files");
    isBroken = false;
    expect(await page(asked, view)).toMatchObject({ status: 200 });
  });

  test("allows nothing but its own style", async () => {
    const { text, response } = await pageOf();
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/);
    expect(text).not.toMatch(/<script|<img|<link|onclick|style=/);
  });

  test("believes no host that is none", async () => {
    const { server } = await pageOf();
    const text = await server.raw('GET / HTTP/1.1\r\nHost: "><b>x\r\nConnection: close\r\n\r\n');
    expect(text).not.toContain("<b>x");
    expect(text).toMatch(/^HTTP\/1\.1 400|docker pull SERVER\/tools@/m);
  });

  test.each([
    ["unchecked", {}, "Signatures not checked here."],
    ["signed and fresh", { keys: "own" }, "Signed and fresh."],
    ["stale", { keys: "own", clock: { now: () => new Date(NOW.getTime() + 8 * DAY) } }, "Signed, but stale."],
    ["without such keys", { keys: "/nonexistent" }, "Refused: the signatures or files are not as they must be."],
  ] as const)("says of the signatures: %s", async (_name, options, expected) => {
    const { text } = await pageOf(options);
    expect(text).toContain(`<strong>${expected}</strong>`);
  });

  test("names what the keys refuse, and then names no images, here or in the registry", async () => {
    const { text, server } = await pageOf({ keys: "own" }, async (directory) => {
      await copyFile(join(directory, "freshness/1.json.asc"), join(directory, "freshness/2.json.asc"));
    });
    expect(text).toContain("<code>trust.bad-signature</code>");
    expect(text).not.toContain("sha256:");
    expect((await server.get("/v2/tools/tags/list")).status).toBe(503);
    expect((await server.get("/healthz")).status).toBe(503);
    expect((await server.get("/freshness/2.json")).status).toBe(200);
  });

  test("follows the pointer, and sees when it goes back", async () => {
    const images = await imagesOnDisk();
    const { get, server } = await serveDirectory(images.directory, { keys: images.keys });
    expect(await (await get("/")).text()).toContain("Index 2,");
    const current = join(images.directory, "current.json");
    await writeFile(current, (await readFile(current, "utf8")).replace('"version": 2', '"version": 1'));
    server.reload();
    expect(await (await get("/")).text()).toContain("trust.rollback");
  });
});
