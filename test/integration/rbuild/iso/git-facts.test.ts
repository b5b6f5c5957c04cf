import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readGitFacts } from "../../../../src/rbuild/iso/git/git-facts.ts";
import { pathExists, run } from "../../../../src/system/index.ts";
import { COMMIT_DATE, makeGitTree } from "../../../support/iso/git-tree.ts";

test("knows commit, branch, base branch and date of a clean tree", async () => {
  const tree = await makeGitTree();
  const base = await tree.git("rev-parse", "HEAD");
  await tree.git("switch", "--quiet", "--create", "feature/x");
  const commit = await tree.commit();
  expect(await readGitFacts(tree.directory)).toEqual({
    commit,
    ref: "refs/heads/feature/x",
    tag: undefined,
    baseBranch: { name: "main", mergeBase: base, ahead: 1 },
    changedFiles: [],
    isRelease: false,
    sourceDateEpoch: COMMIT_DATE,
  });
});

test("a clean tag is a release, a dirty one is not; annotated tags come first", async () => {
  const tree = await makeGitTree();
  await tree.git("tag", "v9");
  await tree.git("tag", "--annotate", "--message=x", "v1.9");
  await tree.git("tag", "--annotate", "--message=x", "v1.10");
  await tree.git("checkout", "--quiet", "--detach");
  expect(await readGitFacts(tree.directory)).toMatchObject({ tag: "v1.10", ref: "refs/tags/v1.10", isRelease: true });
  await tree.write({ "new file\nwith newline": "x", "sub/ü": "y", README: "changed" });
  expect(await readGitFacts(tree.directory)).toMatchObject({
    tag: "v1.10",
    isRelease: false,
    changedFiles: ["README", "new file\nwith newline", "sub/ü"],
  });
});

test("looks at the project's directory alone, and not at what it is told to ignore", async () => {
  const tree = await makeGitTree({ "project/Makefile": "", "other/file": "", "project/.gitignore": "build/\n" });
  await tree.write({ "other/file": "changed", "project/out/x.iso": "artifact", "project/build/y": "ignored" });
  expect(await readGitFacts(join(tree.directory, "project"), { ignore: "out" })).toMatchObject({ changedFiles: [] });
  expect(await readGitFacts(join(tree.directory, "project"))).toMatchObject({ changedFiles: ["out/x.iso"] });
  expect(await readGitFacts(tree.directory)).toMatchObject({ changedFiles: ["other/file", "project/out/x.iso"] });
});

test("chooses the nearest base branch", async () => {
  const origin = await makeGitTree();
  await origin.git("branch", "stable");
  const tree = await makeGitTree();
  await tree.git("remote", "add", "origin", origin.directory);
  await tree.git("fetch", "--quiet", "origin");
  await tree.git("switch", "--quiet", "--create", "work", "--track", "origin/stable");
  await tree.commit();
  expect((await readGitFacts(tree.directory)).baseBranch).toMatchObject({ name: "origin/stable", ahead: 1 });
});

test("sees changes and other commits in submodules", async () => {
  const inner = await makeGitTree();
  const tree = await makeGitTree();
  await tree.git("submodule", "--quiet", "add", inner.directory, "sub/module");
  await tree.commit();
  expect((await readGitFacts(tree.directory)).changedFiles).toEqual([]);
  await writeFile(join(tree.directory, "sub/module/new"), "x");
  expect((await readGitFacts(tree.directory)).changedFiles).toEqual(["sub/module/new"]);
});

test("reads a work tree of another user, and a linked work tree", async () => {
  const tree = await makeGitTree();
  await run("chown", ["-R", "12345:12345", tree.directory]);
  expect(await readGitFacts(tree.directory)).toMatchObject({ changedFiles: [] });
  await chown(tree.directory, 0, 0);
  await run("chown", ["-R", "0:0", tree.directory]);
  await tree.git("worktree", "add", "--quiet", "linked");
  expect(await readGitFacts(join(tree.directory, "linked"))).toMatchObject({ ref: "refs/heads/linked", changedFiles: [] });
});

test("runs no program that a hostile repository names", async () => {
  const tree = await makeGitTree({ "a.txt": "text\n", ".gitattributes": "*.txt filter=evil diff=evil\n" });
  const mark = join(tree.directory, "../ran");
  await rm(mark, { force: true });
  const evil = `touch ${mark}; cat`;
  for (const [key, value] of [
    ["filter.evil.clean", evil],
    ["filter.evil.process", evil],
    ["filter.evil.required", "true"],
    ["diff.evil.textconv", evil],
    ["diff.external", evil],
    ["core.fsmonitor", evil],
    ["core.pager", evil],
    ["core.hooksPath", "hooks"],
    ["alias.status", `!${evil}`],
  ] as const) {
    await tree.git("config", key, value);
  }
  await mkdir(join(tree.directory, ".git/hooks"), { recursive: true });
  await tree.write({ "a.txt": "other\n" });
  expect((await readGitFacts(tree.directory)).changedFiles).toEqual(["a.txt"]);
  expect(await pathExists(mark)).toBe(false);
});

test("says what is missing: a repository, a commit", async () => {
  const tree = await makeGitTree();
  await rm(join(tree.directory, ".git"), { recursive: true });
  await expect(readGitFacts(tree.directory)).rejects.toMatchObject({ code: "iso.not-a-git-tree" });
  await tree.git("init", "--quiet");
  await expect(readGitFacts(tree.directory)).rejects.toMatchObject({ code: "iso.no-commit" });
  await expect(readGitFacts(join(tree.directory, ".git"))).rejects.toMatchObject({ code: "iso.not-a-git-tree" });
});
