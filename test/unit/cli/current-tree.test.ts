import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { currentTree } from "../../../src/cli/current-tree.ts";
import { scratchDirectory } from "../../support/scratch.ts";

/** `top/middle/low/start`, with these files. */
async function place(...files: readonly string[]): Promise<(path: string) => string> {
  const root = await scratchDirectory();
  await mkdir(join(root, "top/middle/low/start"), { recursive: true });
  for (const file of files) {
    await mkdir(join(root, file, ".."), { recursive: true });
    await writeFile(join(root, file), "");
  }
  return (path) => join(root, path);
}
const START = "top/middle/low/start";

test("the nearest directory with rbuild.yaml, definitions or keys is the tree", async () => {
  const at = await place("top/.git/HEAD", "top/images/one/image.yaml", "top/middle/rbuild.yaml");
  expect(currentTree(at(START))).toBe(at("top/middle"));
  expect(currentTree(at("top/images/one"))).toBe(at("top"));
  expect(currentTree(at("top/middle"))).toBe(at("top/middle"));
  const keys = await place("top/.git/HEAD", "top/keys/root/1.json");
  expect(currentTree(keys(START))).toBe(keys("top"));
});

test("pictures in images are no definitions, and where nothing is found it is where it began", async () => {
  const at = await place("top/.git/HEAD", "top/middle/images/photo.png");
  expect(currentTree(at(START))).toBe(at(START));
  expect(currentTree(at("absent"))).toBe(at("absent"));
});

test("it looks no higher than the top of the work tree, a submodule's as well, and not at all outside of one", async () => {
  const at = await place("top/rbuild.yaml", "top/middle/.git", "top/middle/low/file");
  expect(currentTree(at(START))).toBe(at(START));
  const none = await place("top/rbuild.yaml");
  expect(currentTree(none(START))).toBe(none(START));
});

test("it goes through no directory, and believes no .git, of somebody else", async () => {
  const foreignGit = await place("top/.git/HEAD", "top/rbuild.yaml");
  await chown(foreignGit("top/.git"), 65534, 65534);
  expect(currentTree(foreignGit(START))).toBe(foreignGit(START));
  const foreign = await place("top/.git/HEAD", "top/rbuild.yaml");
  await chown(foreign("top/middle"), 65534, 65534);
  expect(currentTree(foreign(START))).toBe(foreign(START));
  expect(currentTree(foreign("top/middle"))).toBe(foreign("top/middle"));
});
