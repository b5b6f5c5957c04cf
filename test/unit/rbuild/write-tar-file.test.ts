import { execFileSync } from "node:child_process";
import { readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { IncomingFile } from "../../../src/rbuild/pool/incoming-file.ts";
import { writeTarFile } from "../../../src/rbuild/write-tar-file.ts";
import { byteString, type TarInput, tarHeader } from "../../../src/system/index.ts";
import { scratchDirectory } from "../../support/scratch.ts";

function member(body: NonNullable<TarInput["body"]>, size: number): TarInput {
  return { ...tarHeader({ path: byteString("file"), kind: "file", mode: 0o644, size }), body };
}

test("what a killed process was writing beside a file is removed by the next; what another still writes stays", async () => {
  const directory = await scratchDirectory();
  const dead = join(directory, `${"d".repeat(24)}.new`);
  await writeFile(dead, "half a file");
  await using living = await IncomingFile.create(directory);
  await living.write(Buffer.from("half a file"));
  // What others may make in a directory like /tmp hinders nobody.
  await symlink("nowhere", join(directory, `${"e".repeat(24)}.new`));
  execFileSync("mkfifo", [join(directory, `${"f".repeat(24)}.new`)]);
  const path = join(directory, "images.tar");
  const { size } = await writeTarFile(path, [member([Buffer.from("a")], 1)]);
  expect((await stat(path)).size).toBe(size);
  const left = await readdir(directory);
  expect(left).not.toContain(`${"d".repeat(24)}.new`);
  expect(left).toContain(living.path.slice(directory.length + 1));
  expect(left).toContain("images.tar");
});

test("a file that cannot be completed leaves the old one, and nothing beside it", async () => {
  const directory = await scratchDirectory();
  const path = join(directory, "images.tar");
  await writeFile(path, "old");
  async function* breaking() {
    yield Buffer.from("a");
    throw new Error("broken");
  }
  await expect(writeTarFile(path, [member(breaking(), 2)])).rejects.toThrow("broken");
  expect(await readdir(directory)).toEqual(["images.tar"]);
  expect((await stat(path)).size).toBe(3);
  await expect(writeTarFile(join(directory, "none/images.tar"), [])).rejects.toMatchObject({ code: "ENOENT" });
  expect(await readdir(directory)).toEqual(["images.tar"]);
});

test("who may read it is for the umask to say", async () => {
  const directory = await scratchDirectory();
  const path = join(directory, "capsule.tar");
  const before = process.umask(0o077);
  try {
    await writeTarFile(path, []);
  } finally {
    process.umask(before);
  }
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});
