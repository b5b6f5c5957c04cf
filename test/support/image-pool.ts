import { mkdir } from "node:fs/promises";
import { rbuild } from "./rbuild-command.ts";

/** Packages of the images that come with rbuild: fetched once for all tests, and kept for the next run. */
export const TEST_POOL = "/var/tmp/rbuild-test-cache/pool";

/** @throws when a package of the image's lock is not to be had */
export async function fillTestPool(image: string): Promise<void> {
  await mkdir(TEST_POOL, { recursive: true });
  const { exitCode, stderr } = await rbuild(["image", "vendor", image, "--to", TEST_POOL]);
  if (exitCode !== 0) throw new Error(`rbuild image vendor ${image} failed:\n${stderr}`);
}
