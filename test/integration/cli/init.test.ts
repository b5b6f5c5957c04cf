import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parseRbuildYaml } from "../../../src/rbuild/iso/config/read-rbuild-yaml.ts";
import { run } from "../../../src/system/index.ts";
import { rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";

async function tree(): Promise<string> {
  const directory = await scratchDirectory();
  await run("git", ["init", "--quiet", directory]);
  return directory;
}

it("writes a tree that rbuild and make understand", async () => {
  const directory = await tree();
  const { exitCode, stdout } = await rbuild(["init", directory]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining(`wrote ${directory}/rbuild.yaml\nwrote ${directory}/Makefile\n`) });
  const config = parseRbuildYaml(await readFile(join(directory, "rbuild.yaml"), "utf8"), "rbuild.yaml");
  const { stdout: help } = await run("make", ["-C", directory, "--no-print-directory"]);
  expect(help).toContain(`${config.target}\tBuild`);
  await run("make", ["-C", directory, "--dry-run", config.target, "RBUILD_MIRROR=http://mirror/debian"]);
});

it("gives the files to the owner of the tree", async () => {
  const directory = await tree();
  await run("chown", ["-R", "65534:65534", directory]);
  expect((await rbuild(["init"], { cwd: directory })).exitCode).toBe(0);
  expect(await stat(join(directory, "Makefile"))).toMatchObject({ uid: 65534, gid: 65534 });
});

it.each(["Makefile", "rbuild.yaml"])("overwrites no %s, and then writes nothing", async (name) => {
  const directory = await tree();
  await writeFile(join(directory, name), "mine\n");
  const { exitCode, stderr } = await rbuild(["init", directory]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("[init.file-exists]") });
  expect(await readFile(join(directory, name), "utf8")).toBe("mine\n");
  expect((await readdir(directory)).sort()).toEqual([".git", name]);
});

it("wants a Git tree", async () => {
  const { exitCode, stderr } = await rbuild(["init", await scratchDirectory()]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("[init.not-a-git-tree]") });
});
