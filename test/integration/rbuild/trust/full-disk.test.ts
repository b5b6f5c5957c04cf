import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { digestOf } from "../../../../src/oci/index.ts";
import { openTrustStore } from "../../../../src/rbuild/trust/index.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

test("on a full disk a client still remembers what it did before", async () => {
  const directory = join(await scratchDirectory(), "small");
  await mkdir(directory);
  await execa("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory]);
  const origin = digestOf("root 1");
  const state = { type: "trust-state" as const, formatVersion: 1 as const, repository: "images", roots: [origin], newestTime: "2026-11-21T12:00:00Z" };
  await using store = await openTrustStore(directory, origin);
  await store.save(state);
  await writeFile(join(directory, "ballast"), Buffer.alloc(64 * 1024)).catch(() => {});
  await expect(store.save({ ...state, newestTime: "2026-11-22T12:00:00Z" })).rejects.toMatchObject({ code: "ENOSPC" });
  await expect(store.keep("index/1.json", Buffer.alloc(8192))).rejects.toMatchObject({ code: "ENOSPC" });
  expect(await store.load()).toEqual(state);
  expect((await store.kept.read("index/1.json", 10_000)).kind).toBe("absent");
});
