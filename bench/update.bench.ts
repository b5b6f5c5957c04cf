import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { applyDelta, type BlobFile, makeDelta } from "../src/rbuild/repository/delta/delta.ts";
import { type Bench, type BenchResult, interleave, type Ratio, type Row, type Way } from "./support/bench.ts";
import { casyncUpdate } from "./support/casync.ts";
import { check } from "./support/check.ts";
import { ensureInstalled } from "./support/installed.ts";
import type { MadeDelta } from "./support/release-repository.ts";
import { buildTwoReleases, type Release } from "./support/two-releases.ts";
import type { Update } from "./support/update.ts";
import { updateFromServer } from "./support/update-from-server.ts";

const ROUNDS = Number(process.env["RBUILD_BENCH_ROUNDS"] ?? 3);
const NAMES = (process.env["RBUILD_BENCH_IMAGES"] ?? "base builder").split(" ");

/** Both releases of each image have real packages: as locked, and with the updates and security fixes that the archive has on the day. */
export const bench: Bench = {
  description: "a client has one release of an image and comes to the next: bytes, and seconds with and without the network",
  async run(say) {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp("/var/tmp/rbuild-bench-update-");
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    await ensureInstalled("casync");
    say(`building two releases of ${NAMES.join(" and ")}: unmeasured`);
    const parts: BenchResult[] = [];
    const releases = await buildTwoReleases(NAMES, directory);
    const deltas: MadeDelta[] = [];
    for (const [name, { before, after }] of releases) {
      const { result, delta } = await compare(name, before, after, join(directory, name), say);
      parts.push(result);
      deltas.push(delta);
    }
    parts.push(await updateFromServer(releases, deltas, { directory, rounds: ROUNDS, say }));
    return { rows: parts.flatMap(({ rows }) => rows), ratios: parts.flatMap(({ ratios }) => ratios), checks: parts.flatMap(({ checks }) => checks) };
  },
};

async function compare(
  name: string,
  before: Release,
  after: Release,
  directory: string,
  say: (line: string) => void,
): Promise<{ readonly result: BenchResult; readonly delta: MadeDelta }> {
  await mkdir(directory);
  const updates: Update[] = [];
  const { update, delta: made } = await prepareDelta(before.layer, after.layer, directory);
  for (const prepare of [() => Promise.resolve(update), prepareZstd, casyncUpdate]) {
    const update = await prepare(before.layer, after.layer, directory);
    say(`${name}: ${update.what}: ${update.size} bytes of ${after.layer.size}, made in ${(update.made / 1000).toFixed(1)} s`);
    updates.push(update);
  }
  const gzip = await gzipSize(after.layer);
  const had = new Set(before.packages.map(({ sha256 }) => sha256));
  const changed = after.packages.filter(({ sha256 }) => !had.has(sha256));
  const debs = changed.reduce((sum, { size }) => sum + size, 0);
  say(`${name}: gzip, as a registry has it: ${gzip} bytes; ${changed.length} of ${after.packages.length} packages changed: ${debs} bytes`);
  say(`${name}: ${ROUNDS} rounds of each`);
  const applied = updates.flatMap(({ what, apply }): [string, Way][] => (apply ? [[`${name}: ${what}, the client`, apply]] : []));
  const rows: Row[] = [
    ...updates.map(({ what, made }) => ({ what: `${name}: ${what}, the publisher`, samples: [made] })),
    ...(await interleave(new Map(applied), ROUNDS)),
    { what: `${name}: building it from its packages`, samples: [after.built] },
  ];
  const [delta, zstd, casync] = updates.map(({ size }) => size) as [number, number, number];
  const ratio = (what: string, other: number, limit?: number): Ratio => ({
    what: `${name}: bytes of the delta / ${what}`,
    value: delta / other,
    ...(limit === undefined ? {} : { limit }),
  });
  const ratios = [ratio("zstd -19", zstd, 1), ratio("casync", casync, 1), ratio("gzip", gzip, 1), ratio("changed packages", debs)];
  const detail = (update: string, size: number) => ({ what: `${name}: ${update}`, holds: true, detail: `${size} bytes` });
  const checks = [
    ...updates.map(({ what, size }) => detail(what, size)),
    detail("gzip -6", gzip),
    detail(`${changed.length} of ${after.packages.length} packages changed`, debs),
  ];
  return { result: { rows, ratios, checks }, delta: made };
}

async function prepareDelta(from: BlobFile, to: BlobFile, directory: string): Promise<{ readonly update: Update; readonly delta: MadeDelta }> {
  const start = performance.now();
  const delta = await makeDelta({ from, to, output: join(directory, "delta") });
  const made = performance.now() - start;
  const apply = () => applyDelta({ from, delta, expected: to, output: join(directory, "from-delta") });
  return { update: { what: "delta", size: delta.size, made, apply }, delta: { ...delta, from, to } };
}

async function prepareZstd(_from: BlobFile, to: BlobFile, directory: string): Promise<Update> {
  const path = join(directory, "full.zst");
  const start = performance.now();
  await execa("zstd", ["-19", "-T0", "--quiet", "-o", path, to.path]);
  const made = performance.now() - start;
  const output = join(directory, "from-zstd");
  const apply = async () => {
    await execa("zstd", ["--decompress", "--quiet", "--force", "-o", output, path]);
    await check(output, to);
  };
  return { what: "all of it, zstd -19", size: (await stat(path)).size, made, apply };
}

async function gzipSize({ path }: BlobFile): Promise<number> {
  const { stdout } = await execa({ shell: true })`gzip -6 --stdout -n ${path} | wc -c`;
  return Number(stdout);
}
