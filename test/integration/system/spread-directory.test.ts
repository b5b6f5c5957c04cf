import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { run, spreadDirectory } from "../../../src/system/index.ts";

async function attributes(path: string): Promise<string> {
  return (await run("lsattr", ["-d", path])).stdout.split(" ")[0] ?? "";
}

test("a directory gets T of chattr and keeps what it had; where there are no such flags nothing happens", async () => {
  const directory = mkdtempSync("/var/tmp/rbuild-spread-");
  onTestFinished(() => rmSync(directory, { recursive: true }));
  await run("chattr", ["+d", directory]);
  const before = await attributes(directory);
  expect(spreadDirectory(directory)).toBe(true);
  expect(spreadDirectory(directory)).toBe(true);
  const after = await attributes(directory);
  expect([before.includes("T"), after.includes("T"), after.includes("d")]).toEqual([false, true, true]);
  expect(spreadDirectory("/proc/self")).toBe(false);
  expect(() => spreadDirectory(join(directory, "absent"))).toThrow("ENOENT");
});
