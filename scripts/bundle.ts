import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { type CodeSplittingGroup, type OutputAsset, type OutputChunk, type Plugin, rolldown } from "rolldown";

/**
 * Makes the program in `dist/` from `src/`: `dist/cli/main.js`, and in `dist/chunks/` what it imports, packages included. An `import()` in the
 * source is a chunk of its own, so that a command loads what it needs. Types are checked by `tsc -b`, not here.
 */

const ROOT = resolve(import.meta.dirname, "..");
const SRC = join(ROOT, "src");
const DIST = join(ROOT, "dist");
const CHUNKS = join(DIST, "chunks");
/** A program that runs may yet import chunks of its own build: they stay for so long after the next one. */
const RETIREMENT_MS = 60 * 60 * 1000;

/** Parts of packages that no command reaches, each with megabytes behind it. */
const UNREACHED = new Map([
  // DOCKER_HOST=ssh://, which src/cli/values.ts refuses
  ["docker-modem", ["./ssh"]],
  // builds by BuildKit's protocol
  ["dockerode", ["./session", "./buildkit"]],
  // subcommands that are programs
  ["commander", ["node:child_process"]],
]);
const STUB = "\0unreached";

/** What is loaded together is one file, with all that it imports: finding and reading a file takes half a millisecond. First come, first served. */
const TOGETHER: readonly CodeSplittingGroup[] = [
  { name: "command-line", test: "/src/cli/command-line.ts" },
  { name: "zod", test: "/node_modules/zod/" },
  { name: "session", test: "/src/cli/session.ts" },
  { name: "run", test: /\/src\/cli\/(wire\/container-maker|terminal\/attached-container|run-options)\.ts$/ },
  { name: "engine", test: /\/src\/cli\/(wire\/open-own-engine|terminal\/engine-container)\.ts$/ },
];

const leaveOutUnreached: Plugin = {
  name: "leave-out-unreached",
  resolveId(id, importer) {
    const name = /node_modules\/([^/]+)\/(?!.*node_modules)/.exec(importer ?? "")?.[1];
    return UNREACHED.get(name ?? "")?.includes(id) ? STUB : null;
  },
  load: (id) => (id === STUB ? 'module.exports = () => { throw new Error("left out of this bundle by scripts/bundle.ts"); };' : null),
};

/** Files are found by their place beside the module that asks: a chunk answers for the place of each module in it. */
const keepModulePlaces: Plugin = {
  name: "keep-module-places",
  transform(code, id) {
    if (!id.startsWith(SRC) || !code.includes("import.meta.url")) return null;
    const place = relative(CHUNKS, join(DIST, relative(SRC, id)));
    return { code: code.replaceAll("import.meta.url", `new URL(${JSON.stringify(place)}, import.meta.url).href`), map: null };
  },
};

const IMPORT = /^import (.+) from "([^"]+)";$/gm;

/**
 * Node's own modules without their ESM side: making that reads every export, and for `node:http` some of those load all of undici, 40 ms.
 * Lines stay where they are.
 */
function takeBuiltinsDirectly(code: string): string {
  return code.replace(IMPORT, (statement, clause: string, id: string) => {
    if (!isBuiltin(id)) return statement;
    const braces = clause.indexOf("{");
    const whole = (braces < 0 ? clause : clause.slice(0, braces)).split(",").map((name) => name.trim().replace("* as ", ""));
    const some = braces < 0 ? "" : clause.slice(braces).replaceAll(" as ", ": ");
    const targets = [...whole, some].filter((target) => target !== "");
    return targets.map((target) => `const ${target} = globalThis.process.getBuiltinModule("${id}");`).join(" ");
  });
}

/** One character beyond Latin-1 makes V8 keep a file in two bytes a character, and read it ten times as slowly. */
const inAscii = (code: string): string => code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

async function bundle(): Promise<readonly (OutputChunk | OutputAsset)[]> {
  await using build = await rolldown({
    cwd: ROOT,
    input: { "cli/main": join(SRC, "cli/main.ts") },
    platform: "node",
    // ink imports it in development alone
    external: ["react-devtools-core"],
    // no module of ours is imported for what it does: what an index offers and a command does not use stays out of its chunk
    treeshake: { moduleSideEffects: (id) => (id.startsWith(`${SRC}/`) ? false : undefined) },
    transform: { define: { "process.env.NODE_ENV": '"production"' } },
    plugins: [leaveOutUnreached, keepModulePlaces],
    onLog(level, log, report) {
      // two commands may differ in what they load later
      if (log.code !== "INEFFECTIVE_DYNAMIC_IMPORT") report(level === "warn" ? "error" : level, log);
    },
  });
  const { output } = await build.generate({
    dir: DIST,
    format: "esm",
    sourcemap: true,
    comments: false,
    codeSplitting: { groups: [...TOGETHER] },
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name]-[hash].js",
  });
  return output;
}

/** In one step; the time is that of the start, so that a source that changed since then is newer. */
async function put(file: string, content: string | Uint8Array, time: Date): Promise<void> {
  const path = join(DIST, file);
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, content);
  await utimes(temporary, time, time);
  await rename(temporary, path);
}

/** The files of a build have the time of its entry; those that the next build has not get the time at which it came. */
async function retireChunks(current: ReadonlySet<string>, lastBuild: number | undefined, now: Date): Promise<void> {
  for (const name of await readdir(CHUNKS)) {
    if (current.has(`chunks/${name}`)) continue;
    const path = join(CHUNKS, name);
    const { mtimeMs } = await stat(path);
    const retired = new Date(now.getTime() - 1);
    if (mtimeMs === lastBuild) await utimes(path, retired, retired);
    else if (now.getTime() - mtimeMs > RETIREMENT_MS) await rm(path, { force: true });
  }
}

const start = new Date();
const output = await bundle().catch((error: unknown) => {
  process.stderr.write(`${stripVTControlCharacters(error instanceof Error ? error.message : String(error))}\n`);
  process.exit(1);
});
const lastBuild = await stat(join(DIST, "cli/main.js")).then(
  ({ mtimeMs }) => mtimeMs,
  () => undefined,
);
// the entry last: what it imports is there before it is
const isEntry = (file: OutputChunk | OutputAsset) => file.type === "chunk" && file.isEntry;
for (const file of output.toSorted((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) {
  await put(file.fileName, file.type === "chunk" ? inAscii(takeBuiltinsDirectly(file.code)) : file.source, start);
}
await retireChunks(new Set(output.map(({ fileName }) => fileName)), lastBuild, start);
