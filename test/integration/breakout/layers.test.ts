import { join } from "node:path";
import { expect, test } from "vitest";
import { snapshotKey } from "../../../src/engine/snapshots/snapshotter.ts";
import { asDiffId, digestOf } from "../../../src/oci/index.ts";
import { byteString } from "../../../src/system/index.ts";
import { expectAsGnuTar } from "../../support/breakout/gnu-tar.ts";
import { guardedPlace } from "../../support/breakout/guarded-place.ts";
import { tryAll } from "../../support/breakout/try-all.ts";
import { openTestStore } from "../../support/store.ts";
import { entry, file, once, tarOf } from "../../support/tar-entries.ts";

/** Of these GNU tar knows nothing. */
const OF_LAYERS = /whiteout|opaque|AUFS|overlayfs/;

test("layers, as docker load, pull and import and `image fetch` apply them", async () => {
  const place = await guardedPlace();
  const { root, snapshots } = await openTestStore(place.target);
  const members = [entry("below", "directory"), file("below/file", "old"), entry("below/link", "symlink", { linkPath: byteString(place.outside) })];
  const below = await tarOf([...members, file("file", "old")]);
  const parent = await snapshots.apply({ tar: once(below), diffId: asDiffId(digestOf(below)) });
  const outcomes = await tryAll(place, async ({ name, tar }) => {
    const layer = { tar: once(tar), diffId: asDiffId(digestOf(tar)) };
    const before = await snapshots.list();
    try {
      const key = snapshotKey(await snapshots.apply(OF_LAYERS.test(name) ? { ...layer, parent } : layer));
      if (!OF_LAYERS.test(name)) await expectAsGnuTar({ name, tar }, join(root, "snapshots", key.replace(":", "+"), "fs"), join(place.target, "reference"));
      await snapshots.remove(key);
    } finally {
      expect(await snapshots.list(), name).toEqual(before);
    }
  });
  await expect(outcomes).toMatchFileSnapshot("expected/layers.txt");
});
