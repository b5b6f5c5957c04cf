import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";

// What every command pays for, before it does anything: docs/start-up.md.

const root = resolve(import.meta.dirname, "../..");
const IMPORT = /^(?:import|export)\s(?!type\b)(?:[^"';]*?\sfrom\s)?"([^"]+)";/gm;

interface Loaded {
  readonly files: Set<string>;
  readonly packages: Set<string>;
}

/** All that a source imports, and what that imports, as long as no `import()` comes between. */
async function follow(file: string, loaded: Loaded): Promise<void> {
  if (loaded.files.has(file)) return;
  loaded.files.add(file);
  for (const [, id = ""] of (await readFile(join(root, file), "utf8")).matchAll(IMPORT)) {
    if (id.startsWith(".")) await follow(relative(root, resolve(root, dirname(file), id)), loaded);
    else loaded.packages.add(id);
  }
}

async function loadedBy(...files: readonly string[]): Promise<Loaded> {
  const loaded: Loaded = { files: new Set(), packages: new Set() };
  for (const file of files) await follow(file, loaded);
  return loaded;
}

const eager = await loadedBy("src/cli/main.ts", "src/cli/command-line.ts");

test("the command line loads no package but commander, and only small modules of Node", () => {
  const packages = [...eager.packages].sort();
  expect(packages.filter((id) => !isBuiltin(id))).toEqual(["@commander-js/extra-typings", "commander"]);
  expect(packages.filter(isBuiltin)).toEqual(["node:fs", "node:module", "node:net", "node:os", "node:path", "node:process", "node:url"]);
});

test("outside src/cli the command line loads only what option texts are parsed with", () => {
  expect([...eager.files].filter((file) => !file.startsWith("src/cli/")).sort()).toEqual([
    "src/oci/digest.ts",
    "src/oci/errors.ts",
    "src/rbuild/pool/byte-text.ts",
    "src/rbuild/repository/serve/limits.ts",
    "src/rbuild/trust/limits.ts",
    "src/system/errors.ts",
    "src/system/redaction.ts",
  ]);
});

test("a container runs without what takes Node long to load and not every one needs", async () => {
  const { packages } = await loadedBy("src/cli/session.ts", "src/cli/wire/container-maker.ts", "src/cli/wire/open-own-engine.ts");
  const slow = ["node:dns", "node:http", "node:https", "node:tls", "node:worker_threads", "node:zlib"];
  expect(slow.filter((id) => packages.has(id))).toEqual([]);
});

test("bin/rbuild starts Node so that it takes its own compiled code, and that of this program", async () => {
  const tag = "import v8 from 'node:v8'; process.stderr.write(`${v8.cachedDataVersionTag()}`);";
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tag)}` };
  const [plain, quick] = await Promise.all([execa(process.execPath, ["-e", "0"], { env }), execa(join(root, "bin/rbuild"), ["run", "--help"], { env })]);
  expect(quick.stderr).toBe(plain.stderr);
});
