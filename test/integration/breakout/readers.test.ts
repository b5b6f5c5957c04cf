import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { asDiffId, digestOf } from "../../../src/oci/index.ts";
import { textSource, writeCapsule } from "../../../src/rbuild/capsule/capsule-archive.ts";
import { unpackCapsule } from "../../../src/rbuild/capsule/unpack-capsule.ts";
import { readDebData } from "../../../src/rbuild/debian/deb-file.ts";
import { openBundleSource } from "../../../src/rbuild/repository/bundle/open-bundle-source.ts";
import { writeTar } from "../../../src/system/index.ts";
import { guardedPlace } from "../../support/breakout/guarded-place.ts";
import { tryAll } from "../../support/breakout/try-all.ts";
import { capsuleManifest } from "../../support/capsule-manifest.ts";
import { arOf, DEBIAN_BINARY } from "../../support/deb-bytes.ts";
import { openTestStore } from "../../support/store.ts";
import { file, once, tarOf } from "../../support/tar-entries.ts";

test("archives of images, for docker load", async () => {
  const place = await guardedPlace();
  const { images, snapshots } = await openTestStore(place.target);
  const outcomes = await tryAll(place, async ({ tar }) => images.load(once(tar)));
  expect(outcomes.match(/^taken:.*$/gm)).toBeNull();
  expect([await images.list(), await snapshots.list(), readdirSync(join(place.target, "ingest"))]).toEqual([[], [], []]);
  await expect(outcomes).toMatchFileSnapshot("expected/load.txt");
});

test("packages, and layers of what they install", async () => {
  const place = await guardedPlace();
  const { snapshots } = await openTestStore(place.target);
  const control = await tarOf([file("./control", "Package: tiny\n")]);
  const outcomes = await tryAll(place, async ({ tar }) => {
    const deb = arOf([DEBIAN_BINARY, ["control.tar", control], ["data.tar", tar]]);
    const layer = Buffer.concat(await Array.fromAsync(writeTar(readDebData(once(deb)))));
    await snapshots.apply({ tar: once(layer), diffId: asDiffId(digestOf(layer)) });
  });
  await expect(outcomes).toMatchFileSnapshot("expected/package.txt");
});

test("capsules, the archive behind a manifest that is right", async () => {
  const place = await guardedPlace();
  const directory = join(place.target, "capsule");
  const sources = [textSource("README", "read me\n")];
  const path = join(place.target, "capsule.tar");
  await writeCapsule(path, capsuleManifest(sources), sources);
  // Without its only member and its end.
  const head = readFileSync(path).subarray(0, -4 * 512);
  const outcomes = await tryAll(place, async ({ tar }) => {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
    await unpackCapsule(once(Buffer.concat([head, tar])), directory);
  });
  expect(readdirSync(directory)).toEqual([]);
  await expect(outcomes).toMatchFileSnapshot("expected/capsule.txt");
});

test("bundles", async () => {
  const place = await guardedPlace();
  const path = join(place.target, "bundle.tar");
  const outcomes = await tryAll(place, async ({ tar }) => {
    writeFileSync(path, tar);
    await using source = await openBundleSource(path);
    expect(source.sizeOf("x")).toBeUndefined();
  });
  await expect(outcomes).toMatchFileSnapshot("expected/bundle.txt");
});
