import { cp, mkdir, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { digestHex, digestOf } from "../../../../../src/oci/index.ts";
import { type ImagesOnDisk, imagesOnDisk } from "../../../../support/repository/images-on-disk.ts";
import { serveDirectory } from "../../../../support/repository/serve-directory.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

const blobPath = (bytes: Uint8Array) => `/blobs/sha256/${digestHex(digestOf(bytes))}`;

async function repositoryWithLinks(): Promise<ImagesOnDisk> {
  const images = await imagesOnDisk();
  await writeFile(join(images.directory, "secret.json"), "secret");
  await symlink("../../secret.json", join(images.directory, "blobs/sha256", "0".repeat(64)));
  await mkdir(join(images.directory, "deltas"));
  await symlink("../blobs/sha256", join(images.directory, "deltas/sha256"));
  return images;
}

describe("files", () => {
  test("are given whole, with tag, length and how long they may be kept", async () => {
    const images = await imagesOnDisk();
    const { get } = await serveDirectory(images.directory);
    const blob = await get(blobPath(images.plainLayer));
    expect(blob.status).toBe(200);
    expect(Object.fromEntries(blob.headers)).toMatchObject({
      etag: `"${digestOf(images.plainLayer)}"`,
      "content-length": "300000",
      "cache-control": "public, max-age=31536000, immutable",
      "accept-ranges": "bytes",
      "content-type": "application/octet-stream",
      "x-content-type-options": "nosniff",
    });
    expect(digestOf(new Uint8Array(await blob.arrayBuffer()))).toBe(digestOf(images.plainLayer));
    const current = await get("/current.json");
    expect(current.headers.get("cache-control")).toBe("no-cache");
    const bytes = await readFile(join(images.directory, "current.json"));
    expect(current.headers.get("etag")).toBe(`"${digestOf(bytes)}"`);
    expect(Buffer.from(await current.arrayBuffer())).toEqual(bytes);
    for (const path of ["/root/1.json", "/root/1.json.asc", "/freshness/2.json", "/freshness/2.json.asc"]) expect((await get(path)).status).toBe(200);
  });

  test("are there to HEAD with the same headers and no body", async () => {
    const images = await imagesOnDisk();
    const { raw } = await serveDirectory(images.directory);
    const text = await raw(`HEAD ${blobPath(images.plainLayer)} HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\nConnection: close\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain("Content-Length: 300000\r\n");
    expect(text.endsWith("\r\n\r\n")).toBe(true);
  });

  test.each([
    ["bytes=0-0", 206, [0, 1]],
    ["bytes=100-199", 206, [100, 200]],
    ["bytes=299999-", 206, [299_999, 300_000]],
    ["bytes=299990-999999999", 206, [299_990, 300_000]],
    ["bytes=-5", 206, [299_995, 300_000]],
    ["bytes=-999999999", 206, [0, 300_000]],
    ["BYTES=0-0", 206, [0, 1]],
    ["bytes=300000-", 416, undefined],
    ["bytes=-0", 416, undefined],
    ["bytes=0-0,2-3", 416, undefined],
    ["bytes=5-4", 200, [0, 300_000]],
    ["bytes=a-b", 200, [0, 300_000]],
    ["lines=1-2", 200, [0, 300_000]],
    ["bytes=99999999999999999999-", 200, [0, 300_000]],
  ] as const)("give for Range: %s the status %d", async (range, status, part) => {
    const images = await imagesOnDisk();
    const { get } = await serveDirectory(images.directory);
    const response = await get(blobPath(images.plainLayer), { Range: range });
    expect(response.status).toBe(status);
    const body = Buffer.from(await response.arrayBuffer());
    if (part) expect(body.equals(images.plainLayer.subarray(part[0], part[1]))).toBe(true);
    if (part && status === 206) expect(response.headers.get("content-range")).toBe(`bytes ${part[0]}-${part[1] - 1}/300000`);
    if (status === 416) expect(response.headers.get("content-range")).toBe("bytes */300000");
  });

  test("answer conditions by their tag", async () => {
    const images = await imagesOnDisk();
    const { get } = await serveDirectory(images.directory);
    const path = blobPath(images.plainLayer);
    const etag = `"${digestOf(images.plainLayer)}"`;
    expect((await get(path, { "If-None-Match": etag })).status).toBe(304);
    expect((await get(path, { "If-None-Match": `"other", W/${etag}` })).status).toBe(304);
    expect((await get(path, { "If-None-Match": '"other"' })).status).toBe(200);
    expect((await get(path, { "If-Match": '"other"' })).status).toBe(412);
    expect((await get(path, { "If-Range": etag, Range: "bytes=0-9" })).status).toBe(206);
    expect((await get(path, { "If-Range": '"other"', Range: "bytes=0-9" })).status).toBe(200);
    expect((await get(path, { "If-Range": "Sat, 21 Nov 2026 12:00:00 GMT", Range: "bytes=0-9" })).status).toBe(200);
  });

  test("of nothing but the layout can be had, and none through a link", async () => {
    const images = await repositoryWithLinks();
    const { get, raw } = await serveDirectory(images.directory);
    const hex = digestHex(digestOf(images.plainLayer));
    const paths = [
      "/secret.json",
      "/blobs",
      "/blobs/",
      "/blobs/sha256/",
      `/blobs/sha256/${"0".repeat(64)}`,
      `/deltas/sha256/${hex}.zst`,
      `/blobs/sha256/${hex.toUpperCase()}`,
      `/blobs//sha256/${hex}`,
      `/blobs/sha256/%2e%2e/${hex}`,
      `/pool/sha256/00/${hex}`,
      "/root/0.json",
      "/root/01.json",
      "/.git/config",
    ];
    for (const path of paths) expect([path, (await get(path)).status]).toEqual([path, 404]);
    for (const path of ["/../secret.json", "/blobs/sha256/../../secret.json", "/%2e%2e/secret.json", "//etc/passwd", "/root/1.json/../../secret.json"]) {
      const text = await raw(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect([path, text.slice(0, 12)]).toEqual([path, "HTTP/1.1 404"]);
    }
  });

  test("are not followed when a directory on the way becomes a link", async () => {
    const images = await imagesOnDisk();
    const elsewhere = await scratchDirectory();
    await cp(join(images.directory, "root"), join(elsewhere, "root"), { recursive: true });
    await rename(join(images.directory, "root"), join(images.directory, "root.old"));
    await symlink(join(elsewhere, "root"), join(images.directory, "root"));
    const { get } = await serveDirectory(images.directory);
    expect((await get("/root/1.json")).status).toBe(404);
    expect((await get("/freshness/1.json")).status).toBe(200);
  });
});
