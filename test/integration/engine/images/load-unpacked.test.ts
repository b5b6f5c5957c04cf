import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { chainIds, digestHex, digestOf, MEDIA_TYPE, parseImageConfig } from "../../../../src/oci/index.ts";
import type { TarInput } from "../../../../src/system/index.ts";
import { openTestStore, type TestStore } from "../../../support/store.ts";
import { file, once, tarOf } from "../../../support/tar-entries.ts";

const bytes = (path: string, content: Uint8Array): TarInput => ({ ...file(path, "", { size: content.byteLength }), body: [content] });
const blob = (content: Uint8Array) => bytes(`blobs/sha256/${digestHex(digestOf(content))}`, content);
const described = (mediaType: string, content: Uint8Array) => ({ mediaType, digest: digestOf(content), size: content.byteLength });

/** An image of these layers as an archive: manifest and config first, as rbuild writes it, or last. */
async function archiveOf(layers: readonly Buffer[], { isLast = false, isCompressed = false, stored = layers } = {}) {
  const diffIds = layers.map((layer) => digestOf(layer));
  const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: diffIds } }));
  const kept = isCompressed ? layers.map((layer) => gzipSync(layer)) : layers;
  const type = isCompressed ? MEDIA_TYPE.layerGzip : MEDIA_TYPE.layer;
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      config: described(MEDIA_TYPE.config, config),
      layers: kept.map((layer) => described(type, layer)),
    }),
  );
  const index = JSON.stringify({ schemaVersion: 2, manifests: [described(MEDIA_TYPE.manifest, manifest)] });
  const documents = [blob(manifest), blob(config)];
  const files = (isCompressed ? kept : stored).map((layer, at) => bytes(`blobs/sha256/${digestHex(digestOf(kept[at] as Buffer))}`, layer));
  const archive = await tarOf([file("index.json", index), ...(isLast ? [...files, ...documents] : [...documents, ...files])]);
  return { archive, chain: chainIds(parseImageConfig(config).rootfs.diff_ids) };
}

const load = ({ images }: TestStore, archive: Uint8Array) => images.load(once(archive), { unpack: true });
const keys = async ({ snapshots }: TestStore) => (await snapshots.list()).map(({ key }) => key).toSorted();

test.each([
  ["as they come", {}],
  ["afterwards, where manifest and config come last", { isLast: true }],
  ["afterwards, where they are compressed", { isCompressed: true }],
])("layers are unpacked %s", async (_how, how) => {
  const layers = await Promise.all([tarOf([file("a", "x".repeat(3_000_000)), file("b", "1")]), tarOf([file("b", "2"), file(".wh.a")])]);
  const { archive, chain } = await archiveOf(layers, how);
  const store = await openTestStore();
  const [image] = await load(store, archive);
  expect(await keys(store)).toEqual(chain.toSorted());
  expect(await store.images.validate(image!)).toEqual([]);
  // What is there is not made again.
  expect(await load(store, archive)).toMatchObject([{ id: image!.id }]);
  expect(await keys(store)).toEqual(chain.toSorted());
});

test("an image that cannot be unpacked is not loaded", async () => {
  for (const bad of [await tarOf([file("../escape", "x")]), (await tarOf([file("a", "x".repeat(5000))])).subarray(0, 700)]) {
    const { archive } = await archiveOf([await tarOf([file("a", "1")]), bad]);
    const store = await openTestStore();
    await expect(load(store, archive)).rejects.toMatchObject({ code: expect.stringMatching(/^layer\./) });
    expect(await store.images.list()).toEqual([]);
    expect(await keys(store)).toHaveLength(1);
  }
});

test("a layer that is another than its name says, or is cut, leaves nothing of itself", async () => {
  const [good, other] = await Promise.all([tarOf([file("a", "1")]), tarOf([file("a", "2".repeat(20_000_000))])]);
  const { archive } = await archiveOf([good, other], { stored: [good, await tarOf([file("a", "3".repeat(20_000_000))])] });
  for (const [bytes, code] of [
    [archive, "content.digest-mismatch"],
    [archive.subarray(0, archive.byteLength - 10_000_000), "image.invalid"],
  ] as const) {
    const store = await openTestStore();
    await expect(load(store, bytes)).rejects.toMatchObject({ code: expect.stringMatching(new RegExp(`^(?:${code}|tar\\.truncated)$`)) });
    expect(await store.images.list()).toEqual([]);
    expect(await keys(store)).toHaveLength(1);
  }
});
