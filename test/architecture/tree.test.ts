import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const tracked = (await execa("git", ["ls-files", "-z"], { cwd: root })).stdout.split("\0").filter(Boolean);

test("no committed file names a package registry or a Debian mirror: the host's APT configuration does", async () => {
  const found: string[] = [];
  // Certificates have the mail addresses of those they belong to.
  for (const file of tracked.filter((name) => name !== "LICENSE" && !name.endsWith(".gpg"))) {
    const text = await readFile(resolve(root, file), "latin1");
    if (/[a-z-]+[.]debian[.]o[r]g|npmjs[.](?:o[r]g|com)/.test(text)) found.push(file);
  }
  expect(found).toEqual([]);
});

test("src has no file over 500 lines", async () => {
  for (const file of tracked.filter((name) => /^src\/.*\.tsx?$/.test(name))) {
    expect((await readFile(resolve(root, file), "utf8")).split("\n").length, file).toBeLessThanOrEqual(500);
  }
});
