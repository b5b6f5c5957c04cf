import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { checkFacts, readTreeRefs, restoreTree, writeTreeBundle } from "../../../../src/rbuild/capsule/tree-bundle.ts";
import { openGit } from "../../../../src/rbuild/iso/git/git.ts";
import { readGitFacts } from "../../../../src/rbuild/iso/git/git-facts.ts";
import { run } from "../../../../src/system/index.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

let directory: string;
let tree: string;
const env = { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", GIT_COMMITTER_DATE: "@1700000000 +0000", GIT_AUTHOR_DATE: "@1700000000 +0000" };
const git = (...args: string[]) => run("git", ["-c", "user.name=n", "-c", "user.email=n@example.org", "-C", tree, ...args], { env });

beforeEach(async () => {
  directory = await scratchDirectory();
  tree = join(directory, "tree");
  await mkdir(join(tree, "sub"), { recursive: true });
  await git("init", "--quiet", "--initial-branch=main");
  for (let index = 0; index < 20; index++) {
    await writeFile(join(tree, "sub/file"), `line\n`.repeat(100 + index));
    await git("add", ".");
    await git("commit", "--quiet", `--message=${index}`);
  }
});

async function bundle(name: string) {
  const opened = await openGit(join(tree, "sub"));
  const refs = await readTreeRefs(opened, await readGitFacts(join(tree, "sub")));
  await writeTreeBundle(opened, refs, join(directory, name));
  return refs;
}

test("restores commit, branch, tags and base branch", async () => {
  await git("checkout", "--quiet", "-b", "feature/x");
  await writeFile(join(tree, "script"), "#!/bin/sh\n", { mode: 0o755 });
  await git("add", ".");
  await git("commit", "--quiet", "--message=feature");
  await git("tag", "--annotate", "--message=v", "v1.0");
  const refs = await bundle("a.bundle");
  expect(refs).toMatchObject({ ref: "refs/heads/feature/x", tag: "v1.0", baseBranch: { name: "main" } });
  const restored = join(directory, "restored");
  await restoreTree(join(directory, "a.bundle"), refs, restored);
  const facts = await readGitFacts(join(restored, "sub"));
  checkFacts(refs, facts);
  expect(facts).toEqual(await readGitFacts(join(tree, "sub")));
  expect(await readFile(join(restored, "script"), "utf8")).toBe("#!/bin/sh\n");
  expect(() => checkFacts(refs, { ...facts, tag: undefined })).toThrow(expect.objectContaining({ code: "capsule.tree-differs" }));
});

test("restores a branch that follows a remote one, and a detached commit", async () => {
  await git("update-ref", "refs/remotes/up/topic", "HEAD~3");
  for (const [key, value] of [
    ["remote.up.url", "."],
    ["remote.up.fetch", "+refs/heads/*:refs/remotes/up/*"],
    ["branch.work.remote", "up"],
    ["branch.work.merge", "refs/heads/topic"],
  ] as const)
    await git("config", key, value);
  await git("branch", "--move", "main", "work");
  const refs = await bundle("a.bundle");
  expect(refs.baseBranch?.name).toBe("up/topic");
  await restoreTree(join(directory, "a.bundle"), refs, join(directory, "restored"));
  checkFacts(refs, await readGitFacts(join(directory, "restored/sub")));
  await git("checkout", "--quiet", "--detach");
  const detached = await bundle("b.bundle");
  await restoreTree(join(directory, "b.bundle"), detached, join(directory, "again"));
  checkFacts(detached, await readGitFacts(join(directory, "again/sub")));
});

test("has the same bytes however the repository is packed", async () => {
  await bundle("a.bundle");
  await git("repack", "-a", "-d", "-q", "--window=2", "-F");
  await bundle("b.bundle");
  expect(await readFile(join(directory, "b.bundle"))).toEqual(await readFile(join(directory, "a.bundle")));
  await run("git", ["bundle", "verify", "--quiet", join(directory, "a.bundle")], { cwd: tree, env });
});

test("refuses what a bundle cannot keep", async () => {
  const shallow = join(directory, "shallow");
  await run("git", ["clone", "--quiet", "--depth=2", `file://${tree}`, shallow], { env });
  const opened = await openGit(shallow);
  await expect(readTreeRefs(opened, await readGitFacts(shallow))).rejects.toMatchObject({ code: "capsule.shallow-tree" });
  await git("update-index", "--add", "--cacheinfo", `160000,${"b".repeat(40)},sub/module`);
  await git("commit", "--quiet", "--message=module");
  await expect(readTreeRefs(await openGit(tree), await readGitFacts(tree))).rejects.toMatchObject({ code: "capsule.has-submodules" });
});
