import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { type Bench, type BenchResult, interleave, median, medianOf, type Ratio, type Row, type Way } from "./support/bench.ts";
import { ensureInstalled } from "./support/installed.ts";
import { type PublishedImages, publishImages } from "./support/published-images.ts";
import { type ServedRepository, serveRepository } from "./support/served-repository.ts";
import { processorTime } from "./support/timed.ts";

const ROUNDS = Number(process.env["RBUILD_BENCH_ROUNDS"] ?? 5);
const NAMES = (process.env["RBUILD_BENCH_IMAGES"] ?? "base builder").split(" ");
const repository = resolve(import.meta.dirname, "..");
const rbuild = join(repository, "bin/rbuild");

type Command = readonly [program: string, ...args: string[]];

/** All from one `rbuild serve` on loopback: a line that costs nothing, where few bytes do not help. */
export const bench: Bench = {
  description: "an image from a server into nothing, verified and unpacked, against skopeo copy and umoci unpack",
  async run(say) {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp("/var/tmp/rbuild-bench-fetch-");
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    for (const name of ["skopeo", "umoci"]) await ensureInstalled(name);
    say(`building and publishing ${NAMES.join(" and ")}: unmeasured`);
    const published = await publishImages(NAMES, directory);
    const server = stack.use(await serveRepository(published.directory));
    const parts: BenchResult[] = [];
    for (const name of NAMES) parts.push(await compare(name, published, server, join(directory, "client"), say));
    return { rows: parts.flatMap(({ rows }) => rows), ratios: parts.flatMap(({ ratios }) => ratios), checks: parts.flatMap(({ checks }) => checks) };
  },
};

async function compare(
  name: string,
  { keys, digests }: PublishedImages,
  server: ServedRepository,
  directory: string,
  say: (line: string) => void,
): Promise<BenchResult> {
  const places = ["--engine-root", join(directory, "engine"), "--run-root", join(directory, "run")];
  const fetchIt: Command = [rbuild, "-C", repository, "--quiet", ...places, "image", "fetch", name, "--no-build", "--from", server.url, "--keys", keys];
  const source = `docker://${server.host}/${name}@${digests.get(name)}`;
  const copied = `${join(directory, "oci")}:${name}`;
  const copyIt: Command = ["skopeo", "copy", "--quiet", "--preserve-digests", "--src-tls-verify=false", source, `oci:${copied}`];
  const target = join(directory, "unpacked");
  const ways: readonly { readonly what: string; readonly commands: readonly Command[] }[] = [
    { what: "rbuild image fetch", commands: [fetchIt] },
    { what: "skopeo copy, umoci unpack", commands: [copyIt, ["umoci", "unpack", "--image", copied, target]] },
    { what: "skopeo copy, umoci raw unpack", commands: [copyIt, ["umoci", "raw", "unpack", "--image", copied, target]] },
  ];
  const processors = new Map(ways.map(({ what }) => [what, [] as number[]]));
  const sent = new Map<string, number>();
  const way =
    ({ what, commands }: (typeof ways)[number]): Way =>
    async () => {
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory);
      const before = await server.sent();
      const start = performance.now();
      let busy = 0;
      for (const command of commands) busy += await processorTime(command);
      const elapsed = performance.now() - start;
      processors.get(what)?.push(busy);
      sent.set(what, (await server.sent()) - before);
      return elapsed;
    };
  const rounds = async (count: number) => interleave(new Map(ways.map((each) => [`${name}: ${each.what}`, way(each)])), count);
  say(`${name}: one of each, unmeasured`);
  await rounds(1);
  for (const samples of processors.values()) samples.length = 0;
  say(`${name}: ${ROUNDS} rounds of each`);
  const rows = await rounds(ROUNDS);
  const busy: Row[] = [...processors].map(([what, samples]) => ({ what: `${name}: ${what}, processors`, samples }));
  await way(ways[0] as (typeof ways)[number])();
  const usable = await execa(rbuild, ["run", "--quiet", ...places, `rbuild/${name}@${digests.get(name)}`, "true"], { reject: false });
  await rm(directory, { recursive: true, force: true });
  const [ours = Number.NaN, ...theirs] = rows.map(medianOf);
  const [ourBytes = Number.NaN, theirBytes = Number.NaN] = sent.values();
  const [ourBusy = Number.NaN, theirBusy = Number.NaN] = [...processors.values()].map(median);
  return {
    rows: [...rows, ...busy],
    ratios: [
      ...theirs.map((other, index): Ratio => {
        const what = `${name}: seconds of rbuild image fetch / ${ways[index + 1]?.what}`;
        return { what, value: ours / other, ...(index === 0 ? { limit: 1 } : {}) };
      }),
      { what: `${name}: processors of rbuild image fetch / ${ways[1]?.what}`, value: ourBusy / theirBusy, limit: 1 },
      { what: `${name}: bytes of rbuild image fetch / ${ways[1]?.what}`, value: ourBytes / theirBytes, limit: 1 },
    ],
    checks: [
      ...[...sent].map(([what, bytes]) => ({ what: `${name}: ${what}`, holds: true, detail: `${bytes} bytes` })),
      { what: `${name}: what was fetched runs`, holds: usable.exitCode === 0, detail: `exit code ${usable.exitCode}` },
    ],
  };
}
