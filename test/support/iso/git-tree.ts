import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { run, toolEnvironment } from "../../../src/system/index.ts";

/** Committer and author date of every commit made here. */
export const COMMIT_DATE = 1_700_000_000;

export interface TestTree {
  readonly directory: string;
  git(...args: string[]): Promise<string>;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  commit(message?: string): Promise<string>;
}

/** A Git tree of its own with the given files committed; removed when the test ends. */
export async function makeGitTree(files: Readonly<Record<string, string>> = { README: "a tree\n" }): Promise<TestTree> {
  const directory = await mkdtemp("/var/tmp/rbuild-tree-");
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const tree = openTestTree(directory);
  await tree.git("init", "--quiet", "--initial-branch=main");
  await tree.write(files);
  await tree.commit();
  return tree;
}

export function openTestTree(directory: string): TestTree {
  const identity = { name: "A Tester", email: "tester@example.invalid", date: `${COMMIT_DATE} +0200` };
  const env = {
    ...toolEnvironment(),
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    ...Object.fromEntries(["AUTHOR", "COMMITTER"].flatMap((who) => Object.entries(identity).map(([key, value]) => [`GIT_${who}_${key.toUpperCase()}`, value]))),
  };
  const git = async (...args: string[]) => (await run("git", ["-c", "protocol.file.allow=always", ...args], { cwd: directory, env })).stdout.trim();
  return {
    directory,
    git,
    async write(files) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(directory, path)), { recursive: true });
        await writeFile(join(directory, path), text);
      }
    },
    async commit(message = "a commit") {
      await git("add", "--all");
      await git("commit", "--quiet", "--allow-empty", `--message=${message}`);
      return await git("rev-parse", "HEAD");
    },
  };
}
