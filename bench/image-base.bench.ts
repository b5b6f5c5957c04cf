import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { execa } from "execa";
import { readLockedChain } from "../src/rbuild/lock/locked-chain.ts";
import { itemPath } from "../src/rbuild/pool/open-pool.ts";
import { type Bench, interleave, medianOf, type Way } from "./support/bench.ts";

const ROUNDS = Number(process.env["RBUILD_BENCH_ROUNDS"] ?? 3);
const repository = resolve(import.meta.dirname, "..");
const rbuild = join(repository, "bin/rbuild");

const way = {
  rbuild: "rbuild image build base --force, warm pool",
  mmdebstrap: "mmdebstrap --variant=minbase, packages on this disk",
  unchanged: "rbuild image build base, nothing changed",
} as const;

/** The same packages of the lock both times, and nothing fetched: by hand from a repository of files, whose signature nobody checks. */
export const bench: Bench = {
  description: "the base image from its lock, and the same packages by mmdebstrap",
  async run(say) {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp("/var/tmp/rbuild-bench-base-");
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const engine = ["--engine-root", join(directory, "engine"), "--run-root", join(directory, "run"), "--quiet"];
    const build = (...options: string[]) => execa(rbuild, [...engine, "image", "build", "base", ...options], { cwd: repository });
    say("fetching the packages, building once: unmeasured");
    await build();
    const archive = await makeArchive(directory, join(directory, "engine/state/pool"));
    const byHand = async () => {
      const output = join(directory, "by-hand.tar");
      const hook = "--hook-dir=/usr/share/mmdebstrap/hooks/maybe-merged-usr";
      await execa("mmdebstrap", ["--mode=root", "--variant=minbase", hook, "bookworm", output, `deb [trusted=yes] copy:${archive} ./`]);
    };
    say(`${ROUNDS} rounds of each`);
    const rows = await interleave(
      new Map<string, Way>([
        [way.rbuild, async () => void (await build("--force", "--offline"))],
        [way.mmdebstrap, byHand],
        [way.unchanged, async () => void (await build())],
      ]),
      ROUNDS,
    );
    const [ours, theirs, unchanged] = rows.map(medianOf);
    return {
      rows,
      ratios: [
        { what: "rbuild image build base / mmdebstrap", value: (ours ?? Number.NaN) / (theirs ?? Number.NaN), limit: 1 },
        { what: "unchanged build / 300 ms", value: (unchanged ?? Number.NaN) / 300, limit: 1 },
      ],
      checks: [],
    };
  },
};

/** A flat repository of the lock's packages. */
async function makeArchive(directory: string, pool: string): Promise<string> {
  const archive = join(directory, "archive");
  await mkdir(archive);
  const { images } = await readLockedChain("base", { imageDirectories: [join(repository, "images")] });
  for (const { path, sha256 } of images.flatMap(({ packages }) => packages)) await copyFile(join(pool, itemPath(sha256)), join(archive, basename(path)));
  const index = await execa("dpkg-scanpackages", ["--multiversion", "."], { cwd: archive, stripFinalNewline: false });
  // Debian's index overrides priorities of control files; everything in a minbase's lock is wanted here.
  const packages = index.stdout.replace(/^Priority: .*$/gm, "Priority: required");
  const sum = createHash("sha256").update(packages).digest("hex");
  const release = [
    "Suite: bookworm",
    "Codename: bookworm",
    `Date: ${new Date().toUTCString().replace("GMT", "UTC")}`,
    "SHA256:",
    ` ${sum} ${Buffer.byteLength(packages)} Packages`,
  ];
  await writeFile(join(archive, "Packages"), packages);
  await writeFile(join(archive, "Release"), `${release.join("\n")}\n`);
  return archive;
}
