import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { namesIn, readFileIfExists, writeFileAtomic } from "../../../src/system/index.ts";
import { scratchDirectory } from "../../support/scratch.ts";

test("a file is read up to its limit, and one that is not there is no error", async () => {
  const directory = await scratchDirectory();
  await writeFile(join(directory, "file"), "12345");
  expect((await readFileIfExists(join(directory, "file"), 5))?.toString()).toBe("12345");
  await expect(readFileIfExists(join(directory, "file"), 4)).rejects.toMatchObject({ code: "file.too-large" });
  // It says that it is empty.
  await expect(readFileIfExists("/proc/self/status", 4)).rejects.toMatchObject({ code: "file.too-large" });
  expect((await readFileIfExists("/proc/self/mounts", 2 ** 20))?.toString()).toBe(await readFile("/proc/self/mounts", "utf8"));
  expect(await readFileIfExists(join(directory, "none"), 5)).toBeUndefined();
  expect(await readFileIfExists(join(directory, "file/none"), 5)).toBeUndefined();
});

test("a file that is too large to be read at once is read whole, up to its limit", async () => {
  const path = join(await scratchDirectory(), "file");
  const bytes = Buffer.alloc(200_000, "abc");
  await writeFileAtomic(path, bytes, { sync: false });
  expect((await readFileIfExists(path, 200_000))?.equals(bytes)).toBe(true);
  await expect(readFileIfExists(path, 199_999)).rejects.toMatchObject({ code: "file.too-large" });
});

test.each([true, false])("a file that cannot be replaced leaves nothing beside it (synced: %s)", async (sync) => {
  const directory = await scratchDirectory();
  await mkdir(join(directory, "file", "full"), { recursive: true });
  await expect(writeFileAtomic(join(directory, "file"), "text", { sync })).rejects.toMatchObject({ syscall: "rename" });
  await expect(writeFileAtomic(join(directory, "none", "file"), "text", { sync })).rejects.toMatchObject({ code: "ENOENT" });
  expect(await namesIn(directory)).toEqual(["file"]);
});

test("what is no file is not read: a pipe would be waited for, a device never ends", async () => {
  const directory = await scratchDirectory();
  await mkdir(join(directory, "directory"));
  execFileSync("mkfifo", [join(directory, "pipe")]);
  for (const path of [join(directory, "directory"), join(directory, "pipe"), "/dev/zero"]) {
    await expect(readFileIfExists(path, 5)).rejects.toMatchObject({ code: "file.not-regular", message: expect.stringContaining(path) });
  }
});
