import { once } from "node:events";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { expect, test } from "vitest";
import { digestOf } from "../../../../../src/oci/index.ts";
import type { TrustState } from "../../../../../src/rbuild/trust/client/trust-store.ts";
import { openDirectorySource, openTrustStore } from "../../../../../src/rbuild/trust/index.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

const ORIGIN = digestOf("root 1");
const state = (version: number): TrustState => ({
  type: "trust-state",
  formatVersion: 1,
  repository: "test-images",
  roots: [ORIGIN],
  newestTime: "2026-11-21T12:00:00Z",
  index: { version, sha256: digestOf(String(version)), keys: [] },
});

test("remembers, and keeps what it is told to keep", async () => {
  const directory = await scratchDirectory();
  {
    await using store = await openTrustStore(directory, ORIGIN);
    expect(await store.load()).toBeUndefined();
    for (const name of ["1", "2"]) await store.keep(`freshness/${name}.json`, Buffer.from(name));
    await store.retain("freshness", ["2.json"]);
    await store.save(state(7));
  }
  await using store = await openTrustStore(directory, ORIGIN);
  expect(await store.load()).toEqual(state(7));
  expect((await store.kept.read("freshness/1.json", 10)).kind).toBe("absent");
  expect(await store.kept.read("freshness/2.json", 10)).toEqual({ kind: "bytes", bytes: new Uint8Array(Buffer.from("2")) });
});

test("is one process's at a time, and of one repository", async () => {
  const directory = await scratchDirectory();
  await using _first = await openTrustStore(directory, ORIGIN);
  await expect(openTrustStore(directory, ORIGIN, { signal: AbortSignal.timeout(100) })).rejects.toThrow();
  await using other = await openTrustStore(directory, digestOf("another root 1"));
  expect(await other.load()).toBeUndefined();
});

test("killed at any moment, it has an old state or a new one", { timeout: 60_000 }, async () => {
  const directory = await scratchDirectory();
  const program = new URL("../../../../fixtures/programs/save-trust-state.ts", import.meta.url).pathname;
  let newest = 0;
  for (let round = 0; round < 6; round++) {
    const child = execa(process.execPath, ["--disable-warning=ExperimentalWarning", program, directory, ORIGIN, String(newest)], { reject: false });
    await once(child.stdout, "data"); // from now on it saves without end
    await sleep(round * 7);
    child.kill("SIGKILL");
    await child;
    await using store = await openTrustStore(directory, ORIGIN);
    const loaded = await store.load();
    expect(loaded).not.toHaveProperty("code");
    const { index } = loaded as TrustState;
    expect(index!.version).toBeGreaterThanOrEqual(newest);
    newest = index!.version;
  }
  expect(newest).toBeGreaterThan(0);
});

test("a directory as a source follows no link, waits for no pipe and reads no more than asked", async () => {
  const directory = await scratchDirectory();
  await mkdir(join(directory, "root"));
  await writeFile(join(directory, "file"), "0123456789");
  await symlink("/etc/passwd", join(directory, "link"));
  await execa("mkfifo", [join(directory, "pipe")]);
  const source = openDirectorySource(directory);
  expect(await source.read("file", 10)).toMatchObject({ kind: "bytes" });
  expect(await source.read("file", 9)).toEqual({ kind: "too-large" });
  for (const path of ["link", "pipe", "root", "none", "file/none"]) expect(await source.read(path, 100)).toEqual({ kind: "absent" });
  expect(await openDirectorySource("/dev").read("zero", 100)).toEqual({ kind: "absent" });
});
