import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { getXattr, lock, MS, mount, setXattr, tryLock, unmount } from "../../../src/system/index.ts";

async function scratch(): Promise<string> {
  const path = await mkdtemp("/var/tmp/rbuild-test-");
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test("mounts a tmpfs, sees it in mountinfo, and unmounts it", async () => {
  const path = await scratch();
  mount("tmpfs", path, "tmpfs", MS.NOSUID | MS.NODEV, "size=1m,mode=700");
  onTestFinished(() => void unmount(path, { lazy: true }));
  await writeFile(join(path, "file"), "x");
  expect(await readFile("/proc/self/mountinfo", "utf8")).toContain(` ${path} rw,nosuid,nodev`);
  expect(unmount(path)).toBe(true);
  expect(unmount(path)).toBe(false);
});

test("reports the errno of a failed call", async () => {
  expect(() => mount("none", "/nonexistent/rbuild", "tmpfs", 0n, "")).toThrow(expect.objectContaining({ code: "ENOENT", syscall: "mount" }));
});

test("round-trips a binary extended attribute and tells an absent one", async () => {
  const path = join(await scratch(), "file");
  await writeFile(path, "");
  setXattr(path, "trusted.rbuild", Buffer.from([0, 1, 255]));
  expect(getXattr(path, "trusted.rbuild")).toEqual(Buffer.from([0, 1, 255]));
  expect(getXattr(path, "trusted.absent")).toBeUndefined();
});

test("an exclusive lock keeps others out until it is disposed", async () => {
  const path = join(await scratch(), "lock");
  {
    await using held = await lock(path);
    expect(held.path).toBe(path);
    expect(await tryLock(path)).toBeUndefined();
  }
  await using again = await tryLock(path);
  expect(again).toBeDefined();
});
