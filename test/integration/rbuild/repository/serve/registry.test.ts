import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { digestHex, digestOf } from "../../../../../src/oci/index.ts";
import { imagesOnDisk } from "../../../../support/repository/images-on-disk.ts";
import { serveDirectory } from "../../../../support/repository/serve-directory.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

const run = promisify(execFile);
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

describe("the registry", () => {
  test("names versions and channels as tags", async () => {
    const { directory, manifest } = await imagesOnDisk();
    const { get } = await serveDirectory(directory);
    expect((await get("/v2/")).headers.get("docker-distribution-api-version")).toBe("registry/2.0");
    expect(await (await get("/v2/_catalog")).json()).toEqual({ repositories: ["tools"] });
    const tags = ["1.0", "1.0-amd64", "2.0", "2.0-amd64", "2.0-arm64", "stable", "stable-amd64", "testing", "testing-amd64", "testing-arm64"];
    expect(await (await get("/v2/tools/tags/list")).json()).toEqual({ name: "tools", tags });
    const page = await get("/v2/tools/tags/list?n=3&last=1.0");
    expect(await page.json()).toEqual({ name: "tools", tags: tags.slice(1, 4) });
    expect(page.headers.get("link")).toBe('</v2/tools/tags/list?n=3&last=2.0-amd64>; rel="next"');
    for (const method of ["GET", "HEAD"]) {
      const response = await get("/v2/tools/manifests/2.0-amd64", {}, method);
      expect([response.status, response.headers.get("docker-content-digest"), response.headers.get("content-type")]).toEqual([200, manifest, MANIFEST]);
      expect(response.headers.get("cache-control")).toBe("no-cache");
    }
  });

  test("has a list for a version of several architectures", async () => {
    const { directory, manifest } = await imagesOnDisk();
    const { get } = await serveDirectory(directory);
    const response = await get("/v2/tools/manifests/2.0");
    expect(response.headers.get("content-type")).toBe(INDEX);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const digest = digestOf(bytes);
    expect(response.headers.get("docker-content-digest")).toBe(digest);
    expect((await get(`/v2/tools/manifests/${digest}`)).status).toBe(200);
    const list = JSON.parse(Buffer.from(bytes).toString()) as { manifests: { digest: string; platform: unknown }[] };
    expect(list.manifests.map(({ platform }) => platform)).toEqual([
      { architecture: "amd64", os: "linux" },
      { architecture: "arm64", os: "linux" },
    ]);
    expect(list.manifests[0]?.digest).toBe(manifest);
  });

  test("gives blobs as they are, in parts too, and decodes those that are kept encoded", async () => {
    const images = await imagesOnDisk();
    const { get } = await serveDirectory(images.directory);
    const plain = await get(`/v2/tools/blobs/${digestOf(images.plainLayer)}`, { Range: "bytes=5-9" });
    expect([plain.status, Buffer.from(await plain.arrayBuffer())]).toEqual([206, Buffer.from(images.plainLayer.subarray(5, 10))]);
    const path = `/v2/tools/blobs/${digestOf(images.encodedLayer)}`;
    expect((await get(`/blobs/sha256/${digestHex(digestOf(images.encodedLayer))}`)).status).toBe(404);
    const decoded = await get(path, { "Accept-Encoding": "gzip, zstd" });
    expect(decoded.headers.get("content-length")).toBe("300000");
    expect(decoded.headers.get("content-encoding")).toBe(null);
    expect(decoded.headers.get("accept-ranges")).toBe("none");
    expect(digestOf(new Uint8Array(await decoded.arrayBuffer()))).toBe(digestOf(images.encodedLayer));
    expect((await get(path, {}, "HEAD")).headers.get("content-length")).toBe("300000");
  });

  test("never lets through what decodes to something else", async () => {
    const images = await imagesOnDisk();
    const { get } = await serveDirectory(images.directory);
    const index = await readIndex(images.directory);
    const entry = index.blobs.find(({ digest }) => digest === digestOf(images.encodedLayer))!;
    const other = index.blobs.find(({ digest }) => digest === digestOf(images.plainLayer))!;
    const zstd = entry.encodings.find(({ encoding }) => encoding === "zstd")!;
    const { zstdCompressSync } = await import("node:zlib");
    for (const bytes of [images.plainLayer, Buffer.alloc(299_999), Buffer.alloc(300_001), Buffer.alloc(50 * 2 ** 20)]) {
      await writeFile(join(images.directory, zstd.path), zstdCompressSync(bytes));
      const response = await get(`/v2/tools/blobs/${entry.digest}`);
      await expect(response.arrayBuffer()).rejects.toThrow();
    }
    await writeFile(join(images.directory, zstd.path), "no zstd at all");
    await expect(get(`/v2/tools/blobs/${entry.digest}`).then((response) => response.arrayBuffer())).rejects.toThrow();
    expect((await get(`/v2/tools/blobs/${other.digest}`)).status).toBe(200);
  });

  test("says in its own words what it does not have", async () => {
    const { directory, manifest } = await imagesOnDisk();
    const { get } = await serveDirectory(directory);
    const nothing = `sha256:${"0".repeat(64)}`;
    for (const [path, code] of [
      ["/v2/other/tags/list", "NAME_UNKNOWN"],
      ["/v2/tools/manifests/9.9", "MANIFEST_UNKNOWN"],
      [`/v2/tools/manifests/${nothing}`, "MANIFEST_UNKNOWN"],
      [`/v2/tools/blobs/${nothing}`, "BLOB_UNKNOWN"],
      [`/v2/tools/blobs/${manifest}`, "BLOB_UNKNOWN"],
      ["/v2/tools/blobs/uploads/", "UNSUPPORTED"],
    ] as const) {
      const response = await get(path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.json()).toMatchObject({ errors: [{ code }] });
    }
  });

  test("is one that skopeo copies from, by digest and by tag", async () => {
    const images = await imagesOnDisk();
    const { port } = await serveDirectory(images.directory);
    for (const reference of [`@${images.manifest}`, ":2.0-amd64", ":testing"]) {
      const target = await scratchDirectory();
      await run("skopeo", [
        "--insecure-policy",
        "--override-arch",
        "amd64",
        "copy",
        "--src-tls-verify=false",
        `docker://127.0.0.1:${port}/tools${reference}`,
        `dir:${target}`,
      ]);
      expect(digestOf(await readFile(join(target, "manifest.json")))).toBe(images.manifest);
      const layer = await readFile(join(target, digestHex(digestOf(images.encodedLayer))));
      expect(layer.equals(images.encodedLayer)).toBe(true);
    }
    const { stdout } = await run("skopeo", ["inspect", "--tls-verify=false", `docker://127.0.0.1:${port}/tools:stable`]);
    expect((JSON.parse(stdout) as { RepoTags: string[] }).RepoTags).toContain("2.0");
  });

  test("is one that Podman pulls from, by digest and by tag", async () => {
    const images = await imagesOnDisk();
    const { port } = await serveDirectory(images.directory);
    const directory = await scratchDirectory();
    const containersConf = join(directory, "containers.conf");
    // A machine that has neither systemd nor the limits that are its defaults.
    await writeFile(containersConf, '[containers]\ndefault_ulimits = []\n[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n');
    const policy = join(directory, "policy.json");
    await writeFile(policy, '{"default": [{"type": "insecureAcceptAnything"}]}');
    const store = ["--root", join(directory, "store"), "--runroot", join(directory, "run"), "--tmpdir", join(directory, "tmp"), "--storage-driver", "vfs"];
    const env = { PATH: process.env["PATH"], HOME: directory, CONTAINERS_CONF: containersConf, XDG_RUNTIME_DIR: directory };
    const podman = async (...args: string[]) => (await run("podman", [...store, ...args], { env })).stdout.trim();
    const name = `127.0.0.1:${port}/tools`;
    const pull = (reference: string) => podman("pull", "--quiet", "--arch", "amd64", "--tls-verify=false", "--signature-policy", policy, `${name}${reference}`);
    const id = await pull(`@${images.manifest}`);
    expect(await podman("image", "inspect", "--format", "{{.Digest}}", id)).toBe(images.manifest);
    expect(await pull(":testing")).toBe(id);
    await expect(pull(`@sha256:${"0".repeat(64)}`)).rejects.toThrow(/manifest unknown/);
  });
});

interface IndexFile {
  readonly blobs: readonly { readonly digest: string; readonly encodings: readonly { readonly encoding: string; readonly path: string }[] }[];
}

async function readIndex(directory: string): Promise<IndexFile> {
  const freshness = JSON.parse(await readFile(join(directory, "freshness/2.json"), "utf8")) as { index: { version: number; sha256: string } };
  return JSON.parse(await readFile(join(directory, `index/${freshness.index.version}.${freshness.index.sha256.slice(7)}.json`), "utf8")) as IndexFile;
}
