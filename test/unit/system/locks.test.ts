import { mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tryLock } from "../../../src/system/index.ts";
import { scratchDirectory } from "../../support/scratch.ts";

test("a lock is held by one at a time, and again by the next", async () => {
  const path = join(await scratchDirectory(), "new/lock");
  {
    await using held = await tryLock(path);
    expect(held?.path).toBe(path);
    expect(await tryLock(path)).toBeUndefined();
  }
  await using _again = await tryLock(path);
  expect(_again).toBeDefined();
});

test("a link in the place of a lock makes no file elsewhere", async () => {
  const directory = await scratchDirectory();
  const elsewhere = join(directory, "elsewhere");
  await mkdir(elsewhere);
  await symlink(join(elsewhere, "made"), join(directory, "lock"));
  await expect(tryLock(join(directory, "lock"))).rejects.toMatchObject({ code: "ELOOP" });
  expect(await readdir(elsewhere)).toEqual([]);
});
