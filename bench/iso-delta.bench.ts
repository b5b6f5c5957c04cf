import { mkdtemp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { applyIsoDelta } from "../src/rbuild/iso-delta/apply-iso-delta.ts";
import { makeIsoDelta } from "../src/rbuild/iso-delta/make-iso-delta.ts";
import { applyDelta, type BlobFile, makeDelta } from "../src/rbuild/repository/delta/delta.ts";
import { inspectFile } from "../src/rbuild/repository/delta/frame.ts";
import { type Bench, type BenchResult, interleave, type Ratio } from "./support/bench.ts";
import { casyncUpdate } from "./support/casync.ts";
import { check } from "./support/check.ts";
import { ensureInstalled } from "./support/installed.ts";
import { buildTinyReleases } from "./support/tiny-releases.ts";
import type { Update } from "./support/update.ts";

const ROUNDS = Number(process.env["RBUILD_BENCH_ROUNDS"] ?? 3);
/** Where ISOs lie that were built before, as `buildTinyReleases` names them. */
const ISOS = process.env["RBUILD_BENCH_ISOS"];

/** Two updates of the same ISO: a file and a package more, and the archive's updates and security fixes of the day, a kernel among them. */
export const bench: Bench = {
  description: "a user has one release of examples/tiny's ISO and comes to the next: bytes, and seconds without the network",
  async run(say) {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp("/var/tmp/rbuild-bench-iso-delta-");
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    await ensureInstalled("casync");
    await ensureInstalled("xdelta3");
    say(ISOS === undefined ? "building three ISOs: unmeasured" : `the ISOs of ${ISOS}`);
    const [before, ...releases] = await buildTinyReleases(ISOS ?? directory);
    if (!before) throw new Error("no ISO");
    const parts: BenchResult[] = [];
    for (const [name, path] of releases) {
      const scratch = await mkdtemp(join(directory, "pair-"));
      parts.push(await compare(name, await blobOf(before[1]), await blobOf(path), scratch, say));
    }
    return { rows: parts.flatMap(({ rows }) => rows), ratios: parts.flatMap(({ ratios }) => ratios), checks: parts.flatMap(({ checks }) => checks) };
  },
};

async function compare(name: string, from: BlobFile, to: BlobFile, directory: string, say: (line: string) => void): Promise<BenchResult> {
  const updates: Update[] = [];
  for (const prepare of [prepareDelta, preparePlain, prepareXdelta, casyncUpdate]) {
    const update = await prepare(from, to, directory);
    say(`${name}: ${update.what}: ${update.size} bytes of ${to.size}, made in ${(update.made / 1000).toFixed(1)} s`);
    updates.push(update);
  }
  const applied = updates.flatMap(({ what, apply }) => (apply ? [[`${name}: ${what}, the user`, apply] as const] : []));
  const rows = [
    ...updates.map(({ what, made }) => ({ what: `${name}: ${what}, the publisher`, samples: [made] })),
    ...(await interleave(new Map(applied), ROUNDS)),
  ];
  const [delta, ...others] = updates;
  const ratios: Ratio[] = [
    ...others.map(({ what, size }) => ({ what: `${name}: bytes of the delta / ${what}`, value: (delta?.size ?? Number.NaN) / size, limit: 1 })),
    { what: `${name}: bytes of the delta / whole ISO`, value: (delta?.size ?? Number.NaN) / to.size },
  ];
  return { rows, ratios, checks: updates.map(({ what, size }) => ({ what: `${name}: ${what}`, holds: true, detail: `${size} bytes` })) };
}

async function prepareDelta(from: BlobFile, to: BlobFile, directory: string): Promise<Update> {
  const [path, output] = [join(directory, "delta"), join(directory, "from-delta")];
  const start = performance.now();
  const { size } = await makeIsoDelta({ from: from.path, to: to.path, output: path });
  const made = performance.now() - start;
  return { what: "rbuild delta", size, made, apply: async () => void (await applyIsoDelta({ from: from.path, delta: path, output, expected: to.digest })) };
}

async function preparePlain(from: BlobFile, to: BlobFile, directory: string): Promise<Update> {
  const start = performance.now();
  const delta = await makeDelta({ from, to, output: join(directory, "plain") });
  const made = performance.now() - start;
  const apply = () => applyDelta({ from, delta, expected: to, output: join(directory, "from-plain") });
  return { what: "zstd -19 --patch-from of the ISOs", size: delta.size, made, apply };
}

async function prepareXdelta(from: BlobFile, to: BlobFile, directory: string): Promise<Update> {
  const [path, output] = [join(directory, "xdelta"), join(directory, "from-xdelta")];
  const window = ["-B", String(Math.max(from.size, to.size))];
  const start = performance.now();
  await execa("xdelta3", ["-e", "-9", "-S", "lzma", ...window, "-s", from.path, to.path, path]);
  const made = performance.now() - start;
  const apply = async () => {
    await execa("xdelta3", ["-d", "-f", ...window, "-s", from.path, path, output]);
    await check(output, to);
  };
  return { what: "xdelta3 -9 of the ISOs", size: (await stat(path)).size, made, apply };
}

async function blobOf(path: string): Promise<BlobFile> {
  const { size } = await stat(path);
  return { path, size, digest: (await inspectFile(path, size)).sha256 };
}
