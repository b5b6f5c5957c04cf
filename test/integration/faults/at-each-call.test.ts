import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../../src/oci/index.ts";
import { makeDelta } from "../../../src/rbuild/repository/delta/delta.ts";
import { openDirectorySource, openTrustStore, updateTrust } from "../../../src/rbuild/trust/index.ts";
import { pathExists, systemClock } from "../../../src/system/index.ts";
import { isSameFile, randomBlob } from "../../support/delta/layer-files.ts";
import { countCalls, type Fault, type FaultyCommand, points, runWithFault } from "../../support/faults/faulty-run.ts";
import { smallImage } from "../../support/faults/small-image.ts";
import { RBUILD } from "../../support/rbuild-command.ts";
import { type TwoReleases, twoReleases } from "../../support/repository/two-releases.ts";
import { scratchDirectory } from "../../support/scratch.ts";
import { openTestStore } from "../../support/store.ts";
import { NOW } from "../../support/trust/test-keys.ts";

let releases: TwoReleases;
beforeAll(async () => void (releases = await twoReleases()), 60_000);
afterAll(() => releases[Symbol.asyncDispose]());

const program = (name: string, ...args: string[]) => [
  process.execPath,
  "--disable-warning=ExperimentalWarning",
  new URL(`../../fixtures/programs/${name}.ts`, import.meta.url).pathname,
  ...args,
];
const clock = { now: () => NOW };

/** Something that writes files, in a directory of its own. */
interface Work extends FaultyCommand {
  /** Throws unless what is there is what was before, or what shall be; `isDone`: only that. */
  readonly verify: (isDone: boolean) => Promise<void>;
}
const WORKS: Readonly<Record<string, (directory: string) => Promise<Work>>> = {
  async load(directory) {
    const archive = join(directory, "image.tar");
    const root = join(directory, "root");
    await writeFile(archive, await smallImage());
    return {
      command: program("write-points", "load", JSON.stringify({ root, archive })),
      async verify(isDone) {
        const { images, snapshots } = await openTestStore(root);
        const [loaded] = await images.list();
        if (isDone || loaded) expect(await images.validate(loaded!)).toEqual([]);
        if (isDone) expect(await snapshots.list()).toHaveLength(1);
        expect(await readdir(join(root, "ingest"))).toEqual([]);
      },
    };
  },
  async bundle(directory) {
    const file = join(directory, "images.tar");
    const facts = { file, directory: releases.second, keys: releases.lab.keys, now: NOW.toISOString() };
    return {
      command: program("write-points", "bundle", JSON.stringify(facts)),
      async verify(isDone) {
        if (isDone || (await pathExists(file))) expect(digestOf(await readFile(file))).toBe(await wantedBundle());
        if (isDone) expect(await readdir(directory)).toEqual(["images.tar"]);
      },
    };
  },
  async delta(directory) {
    const [from, to] = [await randomBlob(join(directory, "from"), 60_000), await randomBlob(join(directory, "to"), 60_000)];
    const delta = await makeDelta({ from, to, output: join(directory, "delta") }, { level: 1 });
    const output = join(directory, "blob");
    return {
      command: program("write-points", "delta", JSON.stringify({ from, delta, expected: to, output })),
      async verify(isDone) {
        if (isDone || (await pathExists(output))) expect(await isSameFile(output, to.path)).toBe(true);
        if (isDone) expect((await readdir(directory)).toSorted()).toEqual(["blob", "delta", "from", "to"]);
      },
    };
  },
  async fetch(directory) {
    const client = await releases.client(directory);
    const { socketPath } = releases.docker.modem as unknown as { readonly socketPath: string };
    const facts = { socketPath, state: directory, keys: releases.lab.keys, from: releases.second, now: NOW.toISOString() };
    return {
      command: program("fetch-image", JSON.stringify(facts)),
      async verify(isDone) {
        const { images } = (await client.memory()) as { images: [string, string[]][] };
        if (isDone) expect(images.flatMap(([, tags]) => tags)).not.toEqual([]);
        if (images.length > 0) expect(images.map(([id]) => id)).toEqual([releases.pins[1].imageId]);
        await indexVersion(releases.second, directory);
      },
    };
  },
  async publish(directory) {
    const { lab, first } = releases;
    const repository = join(directory, "images");
    await cp(first, repository, { recursive: true });
    for (const [name, key] of Object.entries({ publisher: lab.publisher, cron: lab.cron }))
      await writeFile(join(directory, `${name}.key`), key.privateKey.armor(), { mode: 0o600 });
    const signers = [
      "--signer",
      join(directory, "publisher.key"),
      "--freshness-signer",
      join(directory, "cron.key"),
      "--keys",
      lab.keys,
      "--engine-root",
      join(directory, "engine"),
    ];
    return {
      command: [RBUILD, "image", "publish", repository, ...signers, "ground", "small"],
      cwd: lab.images.directory,
      env: {
        DOCKER_HOST: `unix://${(lab.images.docker.modem as unknown as { readonly socketPath: string }).socketPath}`,
      },
      async verify(isDone) {
        // The number of a publication that failed late is not used again.
        expect(isDone ? [2, 3] : [1, 2]).toContain(await indexVersion(repository, join(directory, "memory"), systemClock));
        await rm(join(directory, "memory"), { recursive: true });
      },
    };
  },
};

let bundle: string | undefined;
async function wantedBundle(): Promise<string> {
  if (bundle === undefined) {
    const file = join(await scratchDirectory(), "images.tar");
    const facts = { file, directory: releases.second, keys: releases.lab.keys, now: NOW.toISOString() };
    await runWithFault({ command: program("write-points", "bundle", JSON.stringify(facts)) }, { kind: "none" });
    bundle = digestOf(await readFile(file));
  }
  return bundle;
}

/** What a client with that memory believes; throws when it does not. */
async function indexVersion(repository: string, memory: string, at: { now(): Date } = clock): Promise<number> {
  await using store = await openTrustStore(memory, releases.roots[0]!.digest);
  const verdict = await updateTrust({ checkout: releases.roots.slice(0, 1), repository: openDirectorySource(repository), store, clock: at });
  if (verdict.kind === "refused") throw new Error(JSON.stringify(verdict));
  return verdict.index.version;
}

const isFull = process.env["RBUILD_TEST_FULL"] === "1";
const FEW = { load: 2, bundle: 1, delta: 1, fetch: 1, publish: 1 } as const;
const KILL: readonly [string, (at: number) => Fault] = ["killed before", (at) => ({ kind: "kill", at })];
const FAULTS = [
  KILL,
  ["with a full disk at", (at) => ({ kind: "error", errno: "ENOSPC", at })],
  ["with a broken disk at", (at) => ({ kind: "error", errno: "EIO", at })],
] satisfies readonly (typeof KILL)[];
describe.each(Object.keys(WORKS) as (keyof typeof FEW)[])("%s", (name) => {
  test.each(isFull ? FAULTS : [KILL])("%s each of its calls: old or new, and the next time completes it", { timeout: 4 * 3600_000 }, async (_what, faultAt) => {
    const place = await scratchDirectory();
    const work = async () => {
      const directory = join(place, "work");
      await rm(directory, { recursive: true, force: true });
      await mkdir(directory);
      return await WORKS[name]!(directory);
    };
    const count = await countCalls(await work(), faultAt(1).kind === "error" ? "error" : "kill");
    expect(count).toBeGreaterThan(1);
    for (const at of points(count, FEW[name])) {
      const { verify, ...subject } = await work();
      const { exitCode, isKilled, stderr } = await runWithFault(subject, faultAt(at));
      // It makes some calls more or fewer each time: the last ones may be missed.
      if (faultAt(at).kind === "kill" && at < 0.9 * count) expect(isKilled, `call ${at} of ${count}: ${stderr}`).toBe(true);
      await verify(exitCode === 0);
      expect(await runWithFault(subject, { kind: "none" })).toMatchObject({ exitCode: 0 });
      await verify(true);
    }
  });
});
