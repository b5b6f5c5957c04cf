import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { rbuild } from "../../support/rbuild-command.ts";
import { scratchDirectory } from "../../support/scratch.ts";

const root = resolve(import.meta.dirname, "../../..");

interface Loaded {
  /** Files of the program that were loaded. */
  readonly files: readonly string[];
  /** Packages and folders of `src` that had modules in them, such as `zod` and `src/engine`. */
  readonly parts: readonly string[];
}

/** What a command has loaded by its end, as Node's coverage sees it and the source maps name it. */
async function loadedBy(args: readonly string[]): Promise<Loaded> {
  const coverage = await scratchDirectory();
  await rbuild(args, { env: { NODE_V8_COVERAGE: coverage } });
  const files = new Set<string>();
  for (const name of await readdir(coverage)) {
    const { result } = JSON.parse(await readFile(join(coverage, name), "utf8")) as { readonly result: readonly { readonly url: string }[] };
    for (const { url } of result) if (url.startsWith("file:")) files.add(fileURLToPath(url));
  }
  const parts = new Set<string>();
  for (const file of files) for (const source of await sourcesOf(file)) parts.add(partOf(source));
  return { files: [...files].sort(), parts: [...parts].filter((part) => part !== "").sort() };
}

async function sourcesOf(file: string): Promise<string[]> {
  const { sources } = JSON.parse(await readFile(`${file}.map`, "utf8").catch(() => '{"sources":[]}')) as { readonly sources: readonly string[] };
  return sources.map((source) => resolve(dirname(file), source).slice(root.length + 1));
}

const partOf = (source: string): string => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? /^src\/[^/]+/.exec(source)?.[0] ?? "";

/** The command line with all its options has half of this. */
const MAX_BYTES = 256 * 1024;

it.each([[["--version"]], [["--help"]], [["image", "--help"]], [["completion", "bash"]]])("%j loads the command line alone", async (args) => {
  const { files, parts } = await loadedBy(args);
  expect(files.every((file) => file.startsWith(join(root, "dist/")))).toBe(true);
  expect(files.length).toBeLessThan(12);
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_BYTES);
  expect(parts).toContain("src/cli");
  expect(parts.filter((part) => !part.startsWith("src/"))).toEqual(["commander"]);
});

it("loads neither a Docker client nor the view to run a container", async () => {
  const { parts } = await loadedBy(["--engine-root", await scratchDirectory(), "run", "nothing:1"]);
  expect(parts).toContain("src/engine");
  expect(parts.filter((part) => /dockerode|docker-modem|ssh2|ink|react|yaml|openpgp|got|conf|ajv/.test(part))).toEqual([]);
});
