import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tryLock } from "../../../src/system/index.ts";
import { scratchDirectory } from "../../support/scratch.ts";

test("a lock is held by one until it is let go, and letting go again closes nobody else's file", async () => {
  const path = join(await scratchDirectory(), "locks", "one.lock");
  const held = await tryLock(path);
  expect(held).toBeDefined();
  expect(await tryLock(path)).toBeUndefined();
  await held?.[Symbol.asyncDispose]();
  // These take the numbers that are free again.
  const others = await Promise.all(Array.from({ length: 8 }, () => open("/dev/null")));
  await held?.[Symbol.asyncDispose]();
  for (const other of others) {
    await expect(other.stat()).resolves.toBeDefined();
    await other.close();
  }
  await using again = await tryLock(path);
  expect(again).toBeDefined();
});
