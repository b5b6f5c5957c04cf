import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openDirContentStore } from "../../../../src/engine/content/dir-content-store.ts";
import { digestHex, digestOf } from "../../../../src/oci/index.ts";
import { MS, mount, unmount } from "../../../../src/system/index.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

const STORE = join(import.meta.dirname, "../../../../src/engine/content/dir-content-store.ts");

test("what a killed process was ingesting is gone when the store is opened next, and what it had committed is there", async () => {
  const root = await scratchDirectory();
  const script = `
    import { openDirContentStore } from ${JSON.stringify(STORE)};
    const store = await openDirContentStore({ root: ${JSON.stringify(root)} });
    await store.ingest(Buffer.from("kept"));
    await store.ingest((async function* () { yield Buffer.alloc(200_000, 1); console.log("writing"); await new Promise(() => setInterval(() => {}, 1000)); })());`;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module-typescript", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const living = await openDirContentStore({ root });
  expect(await readdir(join(root, "ingest"))).toHaveLength(1);
  child.kill("SIGKILL");
  await once(child, "exit");
  await openDirContentStore({ root });
  expect(await readdir(join(root, "ingest"))).toEqual([]);
  expect(await Array.fromAsync(living.list())).toEqual([{ digest: digestOf("kept"), size: 4 }]);
});

test("a damaged blob is never given out as sound, and heals when its bytes come again", async () => {
  const root = await scratchDirectory();
  const store = await openDirContentStore({ root, sync: false });
  const bytes = Buffer.alloc(300_000, "sound");
  const blob = await store.ingest(bytes);
  const path = join(root, "image/blobs/sha256", digestHex(blob.digest));
  await chmod(path, 0o600);
  await writeFile(path, Buffer.alloc(300_000, "wrong"));
  await expect(Array.fromAsync(store.open(blob))).rejects.toMatchObject({ code: "content.corrupt" });
  await expect(store.read(blob.digest, 1_000_000)).rejects.toMatchObject({ code: "content.corrupt" });
  await truncate(path, 1000);
  await expect(Array.fromAsync(store.open(blob))).rejects.toMatchObject({ code: "content.corrupt" });
  await store.ingest(bytes);
  expect(Buffer.concat(await Array.fromAsync(store.open(blob)))).toEqual(bytes);
});

test("a full disk is told as such and leaves nothing behind", async () => {
  const root = await scratchDirectory();
  mount("tmpfs", root, "tmpfs", MS.NOSUID, "size=1m");
  onTestFinished(() => void unmount(root, { lazy: true }));
  const store = await openDirContentStore({ root });
  await expect(store.ingest(Buffer.alloc(5_000_000))).rejects.toMatchObject({ code: "content.no-space", hint: "rbuild engine gc" });
  expect(await readdir(join(root, "ingest"))).toEqual([]);
  await store.ingest(Buffer.alloc(500_000));
});
