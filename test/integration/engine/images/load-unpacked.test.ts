import { expect, test } from "vitest";
import { imageArchive } from "../../../support/image-archive.ts";
import { openTestStore, type TestStore } from "../../../support/store.ts";
import { file, once, tarOf } from "../../../support/tar-entries.ts";

const load = ({ images }: TestStore, archive: Uint8Array) => images.load(once(archive), { unpack: true });
const keys = async ({ snapshots }: TestStore) => (await snapshots.list()).map(({ key }) => key).toSorted();

test.each([
  ["as they come", {}],
  ["afterwards, where manifest and config come last", { isLast: true }],
  ["afterwards, where they are compressed", { isCompressed: true }],
])("layers are unpacked %s", async (_how, how) => {
  const layers = await Promise.all([tarOf([file("a", "x".repeat(3_000_000)), file("b", "1")]), tarOf([file("b", "2"), file(".wh.a")])]);
  const { archive, chain } = await imageArchive(layers, how);
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
    const { archive } = await imageArchive([await tarOf([file("a", "1")]), bad]);
    const store = await openTestStore();
    await expect(load(store, archive)).rejects.toMatchObject({ code: expect.stringMatching(/^layer\./) });
    expect(await store.images.list()).toEqual([]);
    expect(await keys(store)).toHaveLength(1);
  }
});

test("a layer that is another than its name says, or is cut, leaves nothing of itself", async () => {
  const [good, other] = await Promise.all([tarOf([file("a", "1")]), tarOf([file("a", "2".repeat(20_000_000))])]);
  const { archive } = await imageArchive([good, other], { stored: [good, await tarOf([file("a", "3".repeat(20_000_000))])] });
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
