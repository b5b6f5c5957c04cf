import { mkdir, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { digestOf } from "../../../src/oci/index.ts";
import { openTestTree, type TestTree } from "../iso/git-tree.ts";
import { jsonLines, rbuild } from "../rbuild-command.ts";
import type { NetworkHost } from "./three-hosts.ts";

type Line = Readonly<Record<string, unknown>>;

export interface SceneRun {
  readonly exitCode: number | null;
  /** Of `--json`. */
  readonly lines: readonly Line[];
  /** Result or error. */
  readonly last: Line | undefined;
}

/** A person's account on a machine: a home, a store, a checkout. */
export interface SceneHost {
  readonly directory: string;
  readonly tree: TestTree;
  readonly places: { readonly root: string; readonly runRoot: string; readonly state: string };
  /** `rbuild --json` in the checkout. @param before words before the command, such as `faketime` */
  run(words: readonly string[], before?: readonly string[]): Promise<SceneRun>;
  /** The same, and it succeeds. */
  succeed(...words: string[]): Promise<SceneRun>;
  /** Every file of the store's images, and of what is remembered of repositories, with its digest. */
  store(): Promise<Readonly<Record<"images" | "memory", Readonly<Record<string, string>>>>>;
}

/** @param checkout default: one of its own */
export async function openSceneHost(
  network: NetworkHost,
  directory: string,
  env: Readonly<Record<string, string>> = {},
  checkout?: TestTree,
): Promise<SceneHost> {
  const home = join(directory, "home");
  const tree = checkout ?? openTestTree(join(directory, "tree"));
  for (const each of [home, tree.directory]) await mkdir(each, { recursive: true });
  const root = join(directory, "engine");
  const places = { root, runRoot: join(directory, "run"), state: join(root, "state") };
  const run: SceneHost["run"] = async (words, before = []) => {
    const args = ["--json", "--engine-root", places.root, "--run-root", places.runRoot, ...words];
    const { exitCode, stdout, stderr } = await rbuild(args, { cwd: tree.directory, env: { HOME: home, ...env }, prefix: [...network.prefix, ...before] });
    const lines = jsonLines(stdout);
    const last = lines.at(-1) ?? { stderr };
    return { exitCode, lines, last };
  };
  return {
    directory,
    tree,
    places,
    run,
    async succeed(...words) {
      const ended = await run(words);
      expect(ended.exitCode, `${words.join(" ")}\n${JSON.stringify(ended.last)}`).toBe(0);
      return ended;
    },
    store: async () => ({ images: await contents(join(root, "image")), memory: await contents(join(places.state, "trust")) }),
  };
}

async function contents(directory: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true }).catch(() => [])) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && entry.name !== "lock") files[path] = digestOf(await readFile(path));
    else if (entry.isSymbolicLink()) files[path] = await readlink(path);
  }
  return files;
}
