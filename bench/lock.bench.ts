import { cp, mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { type Bench, interleave, medianOf, type Way } from "./support/bench.ts";

const ROUNDS = Number(process.env["RBUILD_BENCH_ROUNDS"] ?? 3);
const repository = resolve(import.meta.dirname, "..");
const rbuild = join(repository, "bin/rbuild");

/** On a copy of the images: what the archive has now may differ from the locks. */
export const bench: Bench = {
  description: "locks of base and builder",
  async run(say) {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp("/var/tmp/rbuild-bench-lock-");
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    await cp(join(repository, "images"), join(directory, "images"), { recursive: true });
    const lock = (...options: string[]): Way => {
      const args = ["--engine-root", join(directory, "engine"), "--quiet", "image", "lock", "base", "builder", ...options];
      return async () => void (await execa(rbuild, args, { cwd: directory }));
    };
    say("fetching the indexes: unmeasured");
    await lock("--refresh")();
    say(`${ROUNDS} rounds of each`);
    const rows = await interleave(
      new Map<string, Way>([
        ["rbuild image lock base builder --refresh, warm index", lock("--refresh")],
        ["rbuild image lock base builder, nothing changed", lock()],
      ]),
      ROUNDS,
    );
    const [anew, unchanged] = rows.map(medianOf);
    return {
      rows,
      ratios: [
        { what: "all chosen anew / 15 s", value: (anew ?? Number.NaN) / 15_000, limit: 1 },
        { what: "nothing changed / 300 ms", value: (unchanged ?? Number.NaN) / 300, limit: 1 },
      ],
      checks: [],
    };
  },
};
