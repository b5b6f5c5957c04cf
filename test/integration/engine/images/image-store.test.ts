import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { asDiffId, digestOf, type ImageConfig, MEDIA_TYPE, parseReference } from "../../../../src/oci/index.ts";
import { openTestStore, type TestStore } from "../../../support/store.ts";
import { file, once, tarOf } from "../../../support/tar-entries.ts";

const imported = async ({ images }: TestStore, text: string, name?: string) =>
  images.importRootfs(once(await tarOf([file("text", text)])), name === undefined ? {} : { reference: parseReference(name) });

test("imports a root file system, finds it by every kind of name, and unpacks it", async () => {
  const store = await openTestStore();
  const { images, snapshots } = store;
  const tar = await tarOf([file("hello", "world")]);
  const image = await images.importRootfs(once(gzipSync(tar)), { reference: parseReference("rbuild/base"), config: { Cmd: ["sh"] }, comment: "test" });
  expect(image).toMatchObject({
    references: ["rbuild/base:latest"],
    config: { created: "2020-02-02T02:02:02.000Z", config: { Cmd: ["sh"] }, rootfs: { diff_ids: [digestOf(tar)] }, history: [{ comment: "test" }] },
    manifest: { layers: [{ mediaType: MEDIA_TYPE.layer, digest: digestOf(tar), size: tar.byteLength }] },
    size: tar.byteLength,
  });
  const lookups = [
    "rbuild/base",
    "rbuild/base:latest",
    image.id,
    image.id.slice(7),
    image.id.slice(7, 19),
    image.id.slice(0, 13),
    image.manifestDescriptor.digest,
    `rbuild/base@${image.manifestDescriptor.digest}`,
  ];
  for (const lookup of lookups) expect(await images.get(lookup)).toEqual(image);
  for (const lookup of ["rbuild/bas", "rbuild/base:1", `other@${image.manifestDescriptor.digest}`, "Not/A/Reference", "", "abcd"])
    expect(await images.find(lookup)).toBeUndefined();
  await expect(images.get("rbuild/other")).rejects.toMatchObject({ code: "image.not-found", category: "not-found" });
  const top = await images.unpack(image);
  expect(top).toBe(digestOf(tar));
  expect(await images.unpack(image)).toBe(top);
  expect(await snapshots.list()).toHaveLength(1);
  expect(await images.validate(image)).toEqual([]);
});

test("equal parts make an image of equal digest in every store", async () => {
  const digests = await Promise.all(
    [1, 2].map(async () => {
      const { content, images } = await openTestStore();
      const tar = await tarOf([file("a")]);
      const layer = await content.ingest(tar);
      const config: ImageConfig = {
        os: "linux",
        architecture: "amd64",
        created: "1970-01-01T00:00:00Z",
        config: { Labels: { b: "2", a: "1" } },
        rootfs: { type: "layers", diff_ids: [asDiffId(layer.digest)] },
      };
      return (await images.create({ config, layers: [{ mediaType: MEDIA_TYPE.layer, ...layer }], annotations: { z: "1", a: "2" } })).manifestDescriptor.digest;
    }),
  );
  expect(digests[0]).toBe(digests[1]);
});

test("refuses to create an image of layers that are not there", async () => {
  const { images } = await openTestStore();
  const digest = digestOf("nothing");
  const config: ImageConfig = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [asDiffId(digest)] } };
  await expect(images.create({ config, layers: [{ mediaType: MEDIA_TYPE.layer, digest, size: 7 }] })).rejects.toMatchObject({ code: "image.incomplete" });
  await expect(images.create({ config, layers: [] })).rejects.toMatchObject({ code: "image.invalid" });
});

test("a name moves to another image, and the image that lost it stays without one", async () => {
  const store = await openTestStore();
  const [one, two] = [await imported(store, "1", "app:1"), await imported(store, "2", "app:2")];
  await store.images.tag(two.manifestDescriptor, parseReference("app:1"));
  expect((await store.images.get("app:1")).id).toBe(two.id);
  expect((await store.images.get(one.id)).references).toEqual([]);
  expect((await store.images.list()).map(({ references }) => references)).toEqual([["app:1", "app:2"], []]);
  await store.images.tag(one.manifestDescriptor, parseReference("app"));
  expect((await store.images.list()).map(({ references }) => references)).toEqual([["app:1", "app:2"], ["app:latest"]]);
});

test("removes a name, and the image with its last one", async () => {
  const store = await openTestStore();
  const { images, snapshots, content } = store;
  const image = await imported(store, "1", "app:1");
  await images.tag(image.manifestDescriptor, parseReference("app:2"));
  expect(await images.remove("app:1")).toEqual({ untagged: ["app:1"], deleted: [] });
  const { untagged, deleted } = await images.remove("app:2");
  expect(untagged).toEqual(["app:2"]);
  expect(deleted[0]).toBe(image.id);
  expect([...deleted].sort()).toEqual([image.id, image.manifestDescriptor.digest, image.manifest.layers[0]!.digest].sort());
  expect(await Array.fromAsync(content.list())).toEqual([]);
  expect(await snapshots.list()).toEqual([]);
  await expect(images.remove("app:2")).rejects.toMatchObject({ code: "image.not-found" });
});

test("keeps what another image shares, and an image that a container was made from", async () => {
  const store = await openTestStore();
  const { images, snapshots } = store;
  const base = await imported(store, "base", "base");
  const tar = await tarOf([file("more")]);
  const layer = await store.content.ingest(tar);
  const config: ImageConfig = { ...base.config, history: [], rootfs: { type: "layers", diff_ids: [...base.config.rootfs.diff_ids, asDiffId(layer.digest)] } };
  const top = await images.create({ config, layers: [...base.manifest.layers, { mediaType: MEDIA_TYPE.layer, ...layer }] }, parseReference("top"));
  await images.unpack(top);
  await images.remove("base");
  expect(await images.validate(top)).toEqual([]);
  expect(await snapshots.list()).toHaveLength(2);
  store.inUse.add(top.id);
  await expect(images.remove("top")).rejects.toMatchObject({ code: "image.in-use", category: "conflict" });
  expect(await images.remove("top", { force: true })).toEqual({ untagged: ["top:latest"], deleted: [] });
  expect((await images.get(top.id)).references).toEqual([]);
  store.inUse.clear();
  expect((await images.remove(top.id)).deleted).toHaveLength(4);
  expect(await snapshots.list()).toEqual([]);
});

test("tells which ids a prefix could mean when it is not one", async () => {
  const store = await openTestStore();
  const ids = new Map<string, string>();
  for (let index = 0; ; index++) {
    const image = await store.images.create({
      config: { os: "linux", architecture: "amd64", author: String(index), rootfs: { type: "layers", diff_ids: [] } },
      layers: [],
    });
    const prefix = image.id.slice(7, 11);
    if (ids.has(prefix)) {
      await expect(store.images.get(prefix)).rejects.toMatchObject({ code: "image.ambiguous", category: "invalid" });
      break;
    }
    ids.set(prefix, image.id);
    if (index > 600) break;
  }
});

test("several writers of the table lose nothing of each other", async () => {
  const store = await openTestStore();
  const other = await openTestStore(store.root);
  const image = await imported(store, "1");
  await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 ? store : other).images.tag(image.manifestDescriptor, parseReference(`app:${index}`))));
  expect((await store.images.get(image.id)).references).toHaveLength(40);
  expect(JSON.parse(await readFile(join(store.root, "image/index.json"), "utf8"))).toMatchObject({ schemaVersion: 2, mediaType: MEDIA_TYPE.index });
});

test("one damaged image does not hide the others", async () => {
  const store = await openTestStore();
  const broken = await imported(store, "1", "broken");
  await imported(store, "2", "sound");
  await store.content.remove(broken.manifest.config.digest);
  const { images } = await openTestStore(store.root);
  expect((await images.list()).map(({ references }) => references)).toEqual([["sound:latest"]]);
  await expect(images.get("broken")).rejects.toMatchObject({ code: "content.not-found" });
  expect(await images.remove("broken")).toEqual({ untagged: ["broken:latest"], deleted: [] });
  expect(await images.find("broken")).toBeUndefined();
  await writeFile(join(store.root, "image/index.json"), "{");
  await expect(images.list()).rejects.toMatchObject({ code: "store.index-damaged" });
});
