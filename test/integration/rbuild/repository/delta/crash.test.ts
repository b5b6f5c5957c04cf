import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { expect, test } from "vitest";
import { applyDelta, makeDelta } from "../../../../../src/rbuild/repository/delta/delta.ts";
import { isSameFile, randomBlob } from "../../../../support/delta/layer-files.ts";
import { scratchDirectory } from "../../../../support/scratch.ts";

const program = new URL("../../../../fixtures/programs/apply-delta.ts", import.meta.url).pathname;

test("killed while it undoes a delta: a file that the next one removes, and no process", async () => {
  const directory = await scratchDirectory();
  const [from, to] = [await randomBlob(join(directory, "from"), 4_000_000), await randomBlob(join(directory, "to"), 4_000_000)];
  const delta = await makeDelta({ from, to, output: join(directory, "delta") }, { level: 1 });
  const store = join(directory, "store");
  await mkdir(store);
  await writeFile(join(store, "theirs.new"), "");
  const files = { from, delta, expected: to, output: join(store, "blob") };
  for (let round = 0; round < 2; round++) {
    const child = execa(process.execPath, ["--disable-warning=ExperimentalWarning", program, JSON.stringify(files)], { reject: false });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await child;
    expect((await readdir(store)).toSorted()).toEqual([expect.stringMatching(/^[0-9a-f]{24}\.new$/), "theirs.new"]);
  }
  for (let wait = 0; (await commandsWith(delta.path)) > 0; wait++) {
    expect(wait).toBeLessThan(1000);
    await sleep(20);
  }
  await applyDelta(files);
  expect(await isSameFile(files.output, to.path)).toBe(true);
  expect((await readdir(store)).toSorted()).toEqual(["blob", "theirs.new"]);
});

test("a full disk leaves nothing", async () => {
  const directory = await scratchDirectory();
  const [from, to] = [await randomBlob(join(directory, "from"), 4_000_000), await randomBlob(join(directory, "to"), 4_000_000)];
  const small = join(directory, "small");
  await mkdir(small);
  await execa("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
  await expect(makeDelta({ from, to, output: join(small, "delta") }, { level: 1 })).rejects.toMatchObject({ code: "pool.no-space" });
  const delta = await makeDelta({ from, to, output: join(directory, "delta") }, { level: 1 });
  await expect(applyDelta({ from, delta, expected: to, output: join(small, "blob") })).rejects.toMatchObject({ code: "pool.no-space" });
  expect(await readdir(small)).toEqual([]);
});

/** Processes that have a word in their command line. */
async function commandsWith(word: string): Promise<number> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line.includes(word)).length;
}
