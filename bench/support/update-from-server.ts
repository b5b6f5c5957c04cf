import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { type BenchResult, interleave, median, medianOf, type Way } from "./bench.ts";
import { startPrivateDocker } from "./private-dockerd.ts";
import { type MadeDelta, writeReleaseRepository } from "./release-repository.ts";
import { serveRepository } from "./served-repository.ts";
import type { Release } from "./two-releases.ts";

const repository = resolve(import.meta.dirname, "../..");
const rbuild = join(repository, "bin/rbuild");

interface Pair {
  readonly before: Release;
  readonly after: Release;
}

/**
 * From the same `rbuild serve`, over the same link, to clients that have one release of all images, and the next of those that come
 * before: the whole update, until the image can be run.
 */
export async function updateFromServer(
  pairs: ReadonlyMap<string, Pair>,
  deltas: readonly MadeDelta[],
  { directory, rounds, say }: { readonly directory: string; readonly rounds: number; readonly say: (line: string) => void },
): Promise<BenchResult> {
  await using stack = new AsyncDisposableStack();
  const [published, kept, fresh] = ["repository", "kept", "fresh"].map((name) => join(directory, name)) as [string, string, string];
  const releases = [...pairs.values()];
  const { keys } = await writeReleaseRepository(
    releases.flatMap(({ before, after }) => [before, after]),
    deltas,
    published,
  );
  const { docker, hostAddress } = stack.use(await startPrivateDocker());
  const server = stack.use(await serveRepository(published, hostAddress));
  const fetchInto = (engine: string, { name, version }: Release) => {
    const places = ["--engine-root", join(engine, "engine"), "--run-root", join(engine, "run")];
    return execa(rbuild, [
      "-C",
      directory,
      "--quiet",
      ...places,
      "image",
      "fetch",
      name,
      "--version",
      version,
      "--no-build",
      "--from",
      server.url,
      "--keys",
      keys,
    ]);
  };
  const named = ({ name, version }: Release) => `${server.host}/${name}:${version}`;
  say("giving both clients the first releases: unmeasured");
  for (const { before } of releases) {
    await docker("pull", "--quiet", named(before));
    await fetchInto(kept, before);
  }
  const results: BenchResult[] = [];
  for (const { after } of releases) {
    const sent = { rbuild: [] as number[], docker: [] as number[] };
    const counted =
      (bytes: number[], work: () => Promise<unknown>): Way =>
      async () => {
        const before = await server.sent();
        const start = performance.now();
        await work();
        const elapsed = performance.now() - start;
        bytes.push((await server.sent()) - before);
        return elapsed;
      };
    const update = async () => {
      await rm(fresh, { recursive: true, force: true });
      await execa("cp", ["--archive", kept, fresh]);
      await rm(join(fresh, "run"), { recursive: true });
      return counted(sent.rbuild, () => fetchInto(fresh, after))();
    };
    const pull = async () => {
      await docker("image", "rm", named(after)).catch(() => undefined);
      return counted(sent.docker, () => docker("pull", "--quiet", named(after)))();
    };
    say(`${after.name}: ${rounds} rounds from a server`);
    const rows = await interleave(
      new Map<string, Way>([
        [`${after.name}: rbuild image fetch, the delta, from a server until it can be run`, update],
        [`${after.name}: docker pull, from a server until it can be run`, pull],
      ]),
      rounds,
    );
    const [ours = Number.NaN, theirs = Number.NaN] = rows.map(medianOf);
    const [ourBytes, theirBytes] = [median(sent.rbuild), median(sent.docker)];
    results.push({
      rows,
      ratios: [
        { what: `${after.name}: bytes of rbuild image fetch / docker pull`, value: ourBytes / theirBytes, limit: 1 },
        { what: `${after.name}: seconds of rbuild image fetch / docker pull`, value: ours / theirs, limit: 1 },
      ],
      checks: [
        { what: `${after.name}: rbuild image fetch, metadata included`, holds: true, detail: `${ourBytes} bytes` },
        { what: `${after.name}: docker pull`, holds: true, detail: `${theirBytes} bytes` },
      ],
    });
    await fetchInto(kept, after);
  }
  return { rows: results.flatMap(({ rows }) => rows), ratios: results.flatMap(({ ratios }) => ratios), checks: results.flatMap(({ checks }) => checks) };
}
