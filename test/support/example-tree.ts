import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { openTestTree } from "./iso/git-tree.ts";

const root = resolve(import.meta.dirname, "../..");

/** A commit of one of examples/ in a Git tree of its own; the same commit wherever it lies. */
export interface ExampleTree extends AsyncDisposable {
  readonly directory: string;
  /** Where `buildExample` puts artifacts. */
  readonly output: string;
}

/** @param place name of the directory it is copied to, below one that is its own */
export async function copyExample(name: "tiny" | "live", place = "tree"): Promise<ExampleTree> {
  const top = await mkdtemp(`/var/tmp/rbuild-example-`);
  const directory = join(top, place);
  await mkdir(directory, { recursive: true });
  const isOutput = (path: string) => ["out", "build"].includes(path.slice(join(root, "examples", name).length + 1));
  await cp(join(root, "examples", name), directory, { recursive: true, filter: (source) => !isOutput(source) });
  const tree = openTestTree(directory);
  await tree.git("init", "--quiet", "--initial-branch=main");
  await tree.commit();
  return {
    directory,
    output: join(top, "artifacts"),
    [Symbol.asyncDispose]: () => rm(top, { recursive: true, force: true }),
  };
}

export interface BuildVariation {
  /** Command that runs rbuild, such as `["taskset", "-c", "0"]`. */
  readonly wrapper?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** `rbuild iso` as a person types it. @throws with its last output when it fails */
export async function buildExample(tree: ExampleTree, variation: BuildVariation = {}): Promise<void> {
  const [command, ...args] = [...(variation.wrapper ?? []), join(root, "bin/rbuild"), "iso", "--plain", "-C", tree.directory, "--output", tree.output];
  const result = await execa(command, args, { env: { ...variation.environment }, all: true, stdin: "ignore", reject: false });
  if (result.exitCode !== 0) throw new Error(`rbuild iso exited with ${result.exitCode}:\n${result.all.split("\n").slice(-40).join("\n")}`);
}

export async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}
