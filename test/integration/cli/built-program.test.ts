import { chmod, cp, mkdir, readdir, readFile, stat, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";

const root = resolve(import.meta.dirname, "../../..");

/** What `make build` needs, with nothing built. The packages are those of this checkout, which make is told not to look at. */
async function freshCopy(): Promise<{ readonly folder: string; readonly make: () => Promise<string> }> {
  const folder = join(await scratchDirectory(), "copy");
  for (const name of ["bin", "images", "scripts", "src", "Makefile", "package.json", "package-lock.json", "tsconfig.base.json"])
    await cp(join(root, name), join(folder, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  const make = async () => (await execa("make", ["--old-file", "node_modules/.package-lock.json", "build"], { cwd: folder })).stdout;
  return { folder, make };
}

it("is built in a fresh checkout, once, and again when a source changes", async () => {
  const { folder, make } = await freshCopy();
  await make();
  const launcher = join(folder, "bin/rbuild");
  expect(await rbuild(["image", "--help"], { launcher, cwd: "/" })).toMatchObject({ exitCode: 0, stderr: "", stdout: expect.stringContaining("rbuild image") });
  expect(await rbuild(["completion", "bash"], { launcher, cwd: "/" })).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("complete -") });
  expect(await slowFiles(join(folder, "dist/chunks"))).toEqual([]);
  const time = async () => (await stat(join(folder, "dist/cli/main.js"))).mtimeMs;
  const first = await time();
  await make();
  expect(await time()).toBe(first);
  await execa("touch", [join(folder, "src/cli/version.ts")]);
  await make();
  expect(await time()).toBeGreaterThan(first);
});

/** Files that take Node's own modules with their ESM side, or have characters in them that make V8 keep them in two bytes each. */
async function slowFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".js"));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "latin1")));
  return names.filter((_name, index) => /^import .* from "node:/m.test(texts[index] ?? "") || /[^\0-\x7f]/.test(texts[index] ?? ""));
}

/** As somebody without rights, in a checkout of root's that lies where he can get at it. */
async function asNobody(args: readonly string[], home: string) {
  const folder = await scratchDirectory();
  await chmod(folder, 0o755);
  const script = 'mount --bind "$1" "$2" && cd / && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$2/bin/rbuild" "$@"';
  const shell = script.replace('"$@"', '"${@:3}"');
  return await rbuild(args, { prefix: ["unshare", "--mount", "bash", "-ec", shell, "bash", root], launcher: folder, env: { HOME: home } });
}

it("runs for a user who may not write to the checkout, and keeps compiled code in his home alone", async () => {
  const home = await scratchDirectory();
  await chmod(home, 0o777);
  expect(await asNobody(["--help"], home)).toMatchObject({ exitCode: 0, stderr: "", stdout: expect.stringContaining("Usage: rbuild") });
  expect(await readdir(join(home, ".cache/rbuild"))).toEqual(["compiled"]);
  expect(await asNobody(["--help"], "/nonexistent")).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await readdir(join(root, "dist"))).not.toContain(".cache");
});

it("keeps the compiled code of a few builds", async () => {
  const cache = await scratchDirectory();
  await chmod(cache, 0o777);
  for (let build = 0; build < 6; build++) await mkdir(join(cache, `.cache/rbuild/compiled/old-${build}`), { recursive: true });
  await execa("chown", ["-R", "65534:65534", join(cache, ".cache")]);
  await asNobody(["--version"], cache);
  expect(await readdir(join(cache, ".cache/rbuild/compiled"))).toHaveLength(4);
});

it.each([
  ["RBUILD_DEBUG", [], { RBUILD_DEBUG: "1" }],
  ["--verbose", ["--verbose"], {}],
] as const)("names places in the sources with %s", async (_name, words, env) => {
  const args = [...words, "--host", "unix:///nonexistent/socket", "run", "image"];
  const { stderr } = await rbuild(args, { env });
  expect(stderr).toContain("[container-host.unreachable]");
  expect(stderr).toMatch(/src\/cli\/wire\/open-docker\.ts:\d+:\d+/);
  expect((await rbuild(args.slice(words.length))).stderr).not.toContain("open-docker");
});
