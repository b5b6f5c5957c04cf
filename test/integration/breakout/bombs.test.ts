import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { execa } from "execa";
import { expect, test } from "vitest";
import { digestOf } from "../../../src/oci/index.ts";
import { readDebData } from "../../../src/rbuild/debian/deb-file.ts";
import { mount, unmount } from "../../../src/system/index.ts";
import { arOf, DEBIAN_BINARY } from "../../support/deb-bytes.ts";
import { scratchDirectory } from "../../support/scratch.ts";
import { openTestStore } from "../../support/store.ts";
import { file, once, tarOf } from "../../support/tar-entries.ts";

const DISK = 24 * 1024 * 1024;
const zeros = await tarOf([file("zeros", "\0".repeat(3 * DISK))]);
const compress = async (command: string, ...args: string[]) =>
  Buffer.from((await execa(command, [...args, "--stdout"], { input: zeros, encoding: "buffer", maxBuffer: 2 ** 30 })).stdout);
const bombs: Readonly<Record<string, () => Promise<Buffer> | Buffer>> = {
  gzip: () => gzipSync(zeros),
  zstd: () => zstdCompressSync(zeros),
  xz: () => compress("xz", "-1"),
  bzip2: () => compress("bzip2"),
};

/** The store of an engine on a disk of its own, and what is on it afterwards. */
async function smallStore() {
  const root = join(await scratchDirectory(), "store");
  mkdirSync(root);
  mount("tmpfs", root, "tmpfs", 0n, `size=${DISK}`);
  const store = await openTestStore(root);
  const left = async () => [
    await store.images.list(),
    await store.snapshots.list(),
    ...["ingest", "image/blobs/sha256", "snapshots/.staging"].map((path) => readdirSync(join(root, path))),
  ];
  return { ...store, left, [Symbol.dispose]: () => unmount(root, { lazy: true }) };
}

test.each(Object.keys(bombs))("a %s bomb fills the disk with nothing", async (name) => {
  const bomb = await bombs[name]!();
  expect(bomb.byteLength).toBeLessThan(DISK / 20);
  using store = await smallStore();
  const before = await store.left();
  await expect(store.images.importRootfs(once(bomb), {})).rejects.toMatchObject({ code: "content.no-space" });
  expect(await store.left()).toEqual(before);
  const image = await tarOf([file("manifest.json", "[]"), file("layer.tar", zeros.toString("latin1"))]);
  await expect(store.images.load(once(gzipSync(image)))).rejects.toMatchObject({ code: "content.no-space" });
  expect(await store.left()).toEqual(before);
  const deb = arOf([DEBIAN_BINARY, ["control.tar.gz", gzipSync(await tarOf([file("control", "Package: x\n")]))], [`data.tar.${ending(name)}`, bomb]]);
  await expect(Array.fromAsync(readDebData(once(deb), { limits: { data: DISK } }))).rejects.toMatchObject({ code: "package.limit-exceeded" });
});

const ending = (name: string) => ({ gzip: "gz", zstd: "zst", bzip2: "bz2" })[name] ?? name;

test("a layer that is a bomb fills the disk with nothing", async () => {
  using store = await smallStore();
  const layer = gzipSync(zeros);
  const config = JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [digestOf(zeros)] }, config: {} });
  const table = JSON.stringify([{ Config: "config.json", Layers: ["layer.tar"], RepoTags: ["bomb:1"] }]);
  const [image] = await store.images.load(
    once(await tarOf([file("manifest.json", table), file("config.json", config), { ...file("layer.tar"), size: layer.byteLength, body: [layer] }])),
  );
  const before = await store.left();
  await expect(store.images.unpack(image!)).rejects.toMatchObject({ code: "snapshot.no-space" });
  expect(await store.left()).toEqual(before);
});

test("bombs in each other are not unfolded twice", async () => {
  using store = await smallStore();
  const before = await store.left();
  for (const nested of [gzipSync(gzipSync(zeros)), zstdCompressSync(gzipSync(zeros)), gzipSync(zstdCompressSync(zeros))]) {
    await expect(store.images.load(once(nested))).rejects.toMatchObject({ code: expect.stringMatching(/^image\.invalid$|^tar\./) });
    await expect(store.images.importRootfs(once(nested), {})).rejects.toMatchObject({ code: "layer.malformed" });
  }
  expect((await store.left()).slice(0, 3)).toEqual(before.slice(0, 3));
});

test("a stream that asks for more memory than is taken is refused", async () => {
  // A window of 2^41 bytes: RFC 8878, 3.1.1.1.2; a dictionary of 1.5 GiB: the .xz format, 5.3.1.
  const zstd = Buffer.from("28b52ffd00f8010000", "hex");
  const xz = Buffer.from((await execa("xz", ["--lzma2=dict=1536MiB", "--stdout"], { input: Buffer.alloc(10), encoding: "buffer" })).stdout);
  using store = await smallStore();
  for (const greedy of [zstd, xz]) await expect(store.images.importRootfs(once(greedy), {})).rejects.toMatchObject({ code: "image.decompression-failed" });
});
