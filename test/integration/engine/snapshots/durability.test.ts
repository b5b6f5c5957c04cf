import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { openOverlaySnapshotter } from "../../../../src/engine/snapshots/open-overlay-snapshotter.ts";
import { snapshotKey } from "../../../../src/engine/snapshots/snapshotter.ts";
import { asDiffId, type ChainId, digestOf } from "../../../../src/oci/index.ts";
import { MS, mount, unmount } from "../../../../src/system/index.ts";
import { scratchDirectory } from "../../../support/scratch.ts";
import { file, once, tarOf } from "../../../support/tar-entries.ts";

async function applied(root: string, names: readonly string[]): Promise<ChainId[]> {
  const snapshots = await openOverlaySnapshotter({ root });
  const chain: ChainId[] = [];
  for (const name of names) {
    const tar = await tarOf([file(name)]);
    const parent = chain.at(-1);
    chain.push(await snapshots.apply({ tar: once(tar), diffId: asDiffId(digestOf(tar)), ...(parent ? { parent } : {}) }));
  }
  return chain;
}
const placeOf = (root: string, chain: ChainId) => join(root, "snapshots", chain.replace(":", "+"));

/** As if the machine had gone down before the disk had the snapshot, and come up again. */
async function loseMark(root: string, chain: ChainId): Promise<void> {
  const [place, record] = [placeOf(root, chain), join(placeOf(root, chain), "snapshot.json")];
  await vi.waitFor(() => expect(statSync(place).mode & 0o1000).toBe(0o1000), { timeout: 60_000 });
  chmodSync(place, 0o711);
  writeFileSync(record, JSON.stringify({ ...JSON.parse(readFileSync(record, "utf8")), boot: "another run of the kernel" }));
}

test("a layer that a power cut may have damaged is removed with all on it, and others stay", async () => {
  const root = await scratchDirectory();
  const [one, two, three] = (await applied(root, ["1", "2", "3"])) as [ChainId, ChainId, ChainId];
  await loseMark(root, two);
  const snapshots = await openOverlaySnapshotter({ root });
  expect((await snapshots.list()).map(({ key }) => key)).toEqual([one]);
  expect(await applied(root, ["1", "2", "3"])).toEqual([one, two, three]);
});

test("a layer whose record a power cut emptied is removed with all on it", async () => {
  const root = await scratchDirectory();
  const [one, two, three] = (await applied(root, ["1", "2", "3"])) as [ChainId, ChainId, ChainId];
  await loseMark(root, three);
  writeFileSync(join(placeOf(root, two), "snapshot.json"), "");
  expect((await (await openOverlaySnapshotter({ root })).list()).map(({ key }) => key)).toEqual([one]);
  expect(await applied(root, ["1", "2", "3"])).toEqual([one, two, three]);
});

test("it stays under a writable snapshot, whose files may be all there is", async () => {
  const root = await scratchDirectory();
  const [one] = (await applied(root, ["1"])) as [ChainId];
  const snapshots = await openOverlaySnapshotter({ root });
  await snapshots.prepare(snapshotKey("container"), one);
  await loseMark(root, one);
  expect(await (await openOverlaySnapshotter({ root })).list()).toHaveLength(2);
});

test("a full disk is told as such and leaves nothing behind", async () => {
  const root = await scratchDirectory();
  mount("tmpfs", root, "tmpfs", MS.NOSUID, "size=2m");
  onTestFinished(() => void unmount(root, { lazy: true }));
  const snapshots = await openOverlaySnapshotter({ root, sync: false });
  const tar = await tarOf([file("large", "x".repeat(5_000_000))]);
  await expect(snapshots.apply({ tar: once(tar), diffId: asDiffId(digestOf(tar)) })).rejects.toMatchObject({
    code: "snapshot.no-space",
    hint: "rbuild engine gc",
  });
  expect(readdirSync(join(root, "snapshots/.staging"))).toEqual([]);
  expect(await snapshots.list()).toEqual([]);
});
