import { mkdtemp, readFile, rm } from "node:fs/promises";
import { onTestFinished } from "vitest";
import { unmount } from "../../src/system/index.ts";

/** A directory on a real disk that is removed after the test, with whatever is still mounted on or below it unmounted first. */
export async function scratchDirectory(): Promise<string> {
  const path = await mkdtemp("/var/tmp/rbuild-test-");
  onTestFinished(async () => {
    await unmountBelow(path);
    await rm(path, { recursive: true, force: true });
  });
  return path;
}

async function unmountBelow(path: string): Promise<void> {
  const targets = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").map((line) => line.split(" ")[4] ?? "");
  for (const target of targets.filter((target) => target === path || target.startsWith(`${path}/`)).reverse()) unmount(target, { lazy: true });
}
