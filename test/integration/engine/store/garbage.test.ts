import { spawn } from "node:child_process";
import { once as onceEmitted } from "node:events";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { type SnapshotKey, snapshotKey } from "../../../../src/engine/snapshots/snapshotter.ts";
import { checkStore } from "../../../../src/engine/store/check-store.ts";
import { collectGarbage } from "../../../../src/engine/store/collect-garbage.ts";
import { takeLease, withLease } from "../../../../src/engine/store/lease.ts";
import { type ChainId, parseReference } from "../../../../src/oci/index.ts";
import { openTestStore, type TestStore } from "../../../support/store.ts";
import { file, once, tarOf } from "../../../support/tar-entries.ts";

const imported = async ({ images }: TestStore, text: string, name?: string) =>
  images.importRootfs(once(await tarOf([file("text", text)])), name === undefined ? {} : { reference: parseReference(name) });
const blobsIn = ({ content }: TestStore) => Array.fromAsync(content.list());
const sound = async (store: TestStore) => expect((await checkStore(store)).findings).toEqual([]);

test("removes what nothing needs, and nothing else", async () => {
  const store = await openTestStore();
  const kept = await imported(store, "kept", "kept");
  const nameless = await imported(store, "nameless");
  await store.content.ingest(Buffer.from("garbage"));
  const alone = await tarOf([file("alone")]);
  const { digest } = await store.content.ingest(alone);
  const chain = await store.snapshots.apply({ tar: once(alone), diffId: digest as never });
  const report = await collectGarbage(store);
  expect(report).toMatchObject({ blobs: 2, snapshots: 1 });
  expect(report.bytes).toBeGreaterThan(alone.byteLength);
  expect(await store.snapshots.stat(snapshotKey(chain))).toBeUndefined();
  for (const image of [kept, nameless]) expect(await store.images.validate(image)).toEqual([]);
  expect(await collectGarbage(store)).toEqual({ blobs: 0, snapshots: 0, bytes: 0 });
  await sound(store);
});

test("keeps the layers below a writable snapshot that is used, after its image is gone", async () => {
  const store = await openTestStore();
  const image = await imported(store, "1", "app");
  const [used, forgotten] = [snapshotKey("used"), snapshotKey("forgotten")];
  const top = (await store.images.unpack(image)) as ChainId;
  await store.snapshots.prepare(used, top);
  await store.snapshots.prepare(forgotten, top);
  await store.images.remove("app");
  const parts = { ...store, usedSnapshots: async () => new Set([used]) };
  expect((await checkStore(parts)).findings).toMatchObject([{ code: "store.leftover", object: "forgotten", hint: "rbuild engine gc" }]);
  await withLease(store.root, () => sound(parts));
  expect(await collectGarbage(parts)).toMatchObject({ snapshots: 1 });
  expect((await store.snapshots.list()).map(({ key }) => key).sort()).toEqual([top, "used"]);
  await collectGarbage({ ...store, usedSnapshots: async () => new Set<SnapshotKey>() });
  expect(await store.snapshots.list()).toEqual([]);
  expect(await blobsIn(store)).toEqual([]);
  await sound(store);
});

test("an image that is removed while it is saved is saved whole, and its blobs go afterwards", async () => {
  const store = await openTestStore();
  await imported(store, "x".repeat(300_000), "app");
  const whole = Buffer.concat(await Array.fromAsync(store.images.save(["app"])));
  const saving = store.images.save(["app"])[Symbol.asyncIterator]();
  const chunks = [(await saving.next()).value as Uint8Array];
  expect(await store.images.remove("app")).toMatchObject({ untagged: ["app:latest"] });
  await expect(collectGarbage(store, { waitMs: 50 })).rejects.toMatchObject({ code: "store.busy" });
  for (let next = await saving.next(); !next.done; next = await saving.next()) chunks.push(next.value);
  expect(Buffer.concat(chunks).equals(whole)).toBe(true);
  expect(await blobsIn(store)).not.toEqual([]);
  await collectGarbage(store);
  expect(await blobsIn(store)).toEqual([]);

  await imported(store, "y".repeat(300_000), "app");
  for await (const _chunk of store.images.save(["app"])) break;
  expect((await store.images.remove("app")).deleted.length).toBeGreaterThan(1);
});

test("waits for whoever adds content, and says so when that takes too long", async () => {
  const store = await openTestStore();
  const { digest } = await withLease(store.root, async () => {
    const blob = await store.content.ingest(Buffer.from("being worked with"));
    await expect(collectGarbage(store, { waitMs: 50 })).rejects.toMatchObject({ code: "store.busy", category: "conflict" });
    return blob;
  });
  expect(await store.content.stat(digest)).toBeDefined();
  const lease = await takeLease(store.root);
  const collecting = collectGarbage(store);
  await store.content.ingest(Buffer.from("more"));
  await lease[Symbol.asyncDispose]();
  expect(await collecting).toMatchObject({ blobs: 2 });
});

test("a lease ends with its process, however that dies", async () => {
  const store = await openTestStore();
  const lease = join(import.meta.dirname, "../../../../src/engine/store/lease.ts");
  const script = `import { takeLease } from ${JSON.stringify(lease)}; await takeLease(${JSON.stringify(store.root)}); console.log("held"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await onceEmitted(child.stdout, "data");
  await expect(collectGarbage(store, { waitMs: 20 })).rejects.toMatchObject({ code: "store.busy" });
  child.kill("SIGKILL");
  await collectGarbage(store);
});

test("collects nothing when the table of images cannot be read", async () => {
  const store = await openTestStore();
  await imported(store, "1", "app");
  const count = (await blobsIn(store)).length;
  for (const damage of [() => writeFileSync(join(store.root, "image/index.json"), "{"), () => rmSync(join(store.root, "image/index.json"))]) {
    damage();
    await expect(collectGarbage(store)).rejects.toMatchObject({ code: "store.index-damaged" });
    expect((await checkStore(store)).findings).toMatchObject([{ code: "store.index-damaged" }]);
    expect(await blobsIn(store)).toHaveLength(count);
    await openTestStore(store.root);
  }
});

test("finds every kind of damage, and what it hints at mends it", async () => {
  const store = await openTestStore();
  const [corrupt, incomplete, lost] = [await imported(store, "1", "rbuild/corrupt:1"), await imported(store, "2", "incomplete"), await imported(store, "3")];
  const blob = (digest: string) => join(store.root, "image/blobs/sha256", digest.slice(7));
  rmSync(blob(corrupt.manifest.layers[0]!.digest));
  writeFileSync(blob(corrupt.manifest.layers[0]!.digest), Buffer.alloc(corrupt.manifest.layers[0]!.size, 1));
  rmSync(blob(incomplete.manifest.layers[0]!.digest));
  rmSync(blob(lost.id));
  const snapshots = await store.snapshots.list();
  rmSync(join(store.root, "snapshots", snapshots[0]!.key.replace(":", "+"), "fs"), { recursive: true });
  writeFileSync(join(store.root, "snapshots", snapshots[1]!.key.replace(":", "+"), "snapshot.json"), "");
  writeFileSync(join(store.root, "snapshots", "what is this"), "");
  const { checked, findings } = await checkStore(store);
  expect(checked).toMatchObject({ images: 3, blobs: 7 });
  const short = findings.map(({ code, object, hint }) => ({ code, object, hint })).sort((a, b) => (`${a.code}${a.object}` < `${b.code}${b.object}` ? -1 : 1));
  expect(short).toEqual([
    { code: "content.corrupt", object: corrupt.manifest.layers[0]!.digest, hint: "rbuild image build corrupt" },
    { code: "content.not-found", object: lost.manifestDescriptor.digest.slice(7, 19), hint: "rbuild engine gc" },
    { code: "image.incomplete", object: "incomplete:latest", hint: "rbuild image build incomplete" },
    ...[snapshots[0]!.key, snapshots[1]!.key].sort().map((object) => ({ code: "snapshot.damaged", object, hint: "rbuild engine gc" })),
    { code: "store.unknown-file", object: join(store.root, "snapshots/what is this"), hint: "look at it and remove it" },
  ]);
  rmSync(join(store.root, "snapshots", "what is this"));
  await collectGarbage(store);
  await imported(store, "1", "rbuild/corrupt:1");
  await imported(store, "2", "incomplete");
  await collectGarbage(store);
  const again = await openTestStore(store.root);
  for (const image of await again.images.list()) await again.images.unpack(image);
  await sound(again);
});

test("a load that is killed at any moment leaves a sound store", async () => {
  const store = await openTestStore();
  const tar = await tarOf(Array.from({ length: 300 }, (_, index) => file(`file-${index}`, `${index}`.repeat(3000))));
  writeFileSync(join(store.root, "rootfs.tar"), tar);
  const script = `
    import { createReadStream } from "node:fs";
    import { openDirContentStore } from ${JSON.stringify(join(import.meta.dirname, "../../../../src/engine/content/dir-content-store.ts"))};
    import { openOverlaySnapshotter } from ${JSON.stringify(join(import.meta.dirname, "../../../../src/engine/snapshots/open-overlay-snapshotter.ts"))};
    import { openImageStore } from ${JSON.stringify(join(import.meta.dirname, "../../../../src/engine/images/open-image-store.ts"))};
    const root = ${JSON.stringify(store.root)};
    const content = await openDirContentStore({ root, sync: false });
    const snapshots = await openOverlaySnapshotter({ root, sync: false });
    const images = await openImageStore({ root, content, snapshots, sync: false });
    console.log("go");
    for (let index = 0; ; index++) {
      const image = await images.importRootfs(createReadStream(root + "/rootfs.tar"), { reference: { path: "app", tag: "t" + (index % 3) } });
      await images.remove(image.id);
    }`;
  for (let round = 0; round < 12; round++) {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module-typescript", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    await onceEmitted(child.stdout, "data");
    await new Promise((resolve) => setTimeout(resolve, round * 17));
    child.kill("SIGKILL");
    await onceEmitted(child, "exit");
    // what it has set to removing files, or has only forked, still has its locks for a moment
    const reopened = async () => {
      const after = await openTestStore(store.root);
      for (const place of ["ingest", "snapshots/.staging"]) expect(readdirSync(join(store.root, place))).toEqual([]);
      return after;
    };
    await sound(await vi.waitFor(reopened, { timeout: 30_000 }));
  }
  const last = await openTestStore(store.root);
  for (const image of await last.images.list()) await last.images.remove(image.id);
  await collectGarbage(last);
  expect(await blobsIn(last)).toEqual([]);
  expect(await last.snapshots.list()).toEqual([]);
});
