import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { digestOf } from "../../../src/oci/index.ts";
import { makeDelta } from "../../../src/rbuild/repository/delta/delta.ts";
import { pathExists } from "../../../src/system/index.ts";
import { isSameFile, randomBlob } from "../delta/layer-files.ts";
import type { TwoReleases } from "../repository/two-releases.ts";
import { scratchDirectory } from "../scratch.ts";
import { openTestStore } from "../store.ts";
import { NOW } from "../trust/test-keys.ts";
import { runWithFault } from "./faulty-run.ts";
import { ask, current } from "./publish-works.ts";
import { smallImage } from "./small-image.ts";
import { program, type Works } from "./work.ts";

const clock = { now: () => NOW };

/** What others than publishers have of a repository: images loaded, bundles, deltas undone, images fetched. */
export function clientWorks(releases: TwoReleases): Works<"load" | "bundle" | "delta" | "fetch"> {
  let bundle: string | undefined;
  const wantedBundle = async () => {
    if (bundle === undefined) {
      const file = join(await scratchDirectory(), "images.tar");
      const facts = { file, directory: releases.second, keys: releases.lab.keys, now: NOW.toISOString() };
      await runWithFault({ command: program("write-points", "bundle", JSON.stringify(facts)) }, { kind: "none" });
      bundle = digestOf(await readFile(file));
    }
    return bundle;
  };
  return {
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
          current(await ask(releases, releases.second, directory, clock));
        },
      };
    },
  };
}
