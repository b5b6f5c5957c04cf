import { once } from "node:events";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { applyIsoDelta } from "../../../../src/rbuild/iso-delta/apply-iso-delta.ts";
import { makeIsoDelta } from "../../../../src/rbuild/iso-delta/make-iso-delta.ts";
import { isSameFile } from "../../../support/delta/layer-files.ts";
import { smallIso } from "../../../support/iso-delta/small-isos.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

const program = new URL("../../../fixtures/programs/apply-iso-delta.ts", import.meta.url).pathname;

async function lab() {
  const directory = await scratchDirectory();
  const [from, to] = [await smallIso(join(directory, "1.iso"), 1), await smallIso(join(directory, "2.iso"), 2)];
  const delta = join(directory, "delta");
  await makeIsoDelta({ from: from.path, to: to.path, output: delta }, { level: 1 });
  return { directory, from, to, delta };
}

test("killed while it makes the ISO: the old file stays, and the next one removes what is left", async () => {
  const { directory, from, to, delta } = await lab();
  const place = join(directory, "place");
  await mkdir(place);
  const paths = { from: from.path, delta, output: join(place, "live.iso"), expected: to.digest };
  await writeFile(paths.output, "the ISO before");
  const child = execa(process.execPath, ["--disable-warning=ExperimentalWarning", program, JSON.stringify(paths)], { reject: false });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await child;
  expect(await readFile(paths.output, "utf8")).toBe("the ISO before");
  expect((await readdir(place)).filter((name) => /^[0-9a-f]{24}\.new$/.test(name))).toHaveLength(2);
  await applyIsoDelta(paths);
  expect(await isSameFile(paths.output, to.path)).toBe(true);
  expect(await readdir(place)).toEqual(["live.iso"]);
});

test("a full disk, at whatever point, leaves the old file and nothing else", async () => {
  const { directory, from, to, delta } = await lab();
  const small = join(directory, "small");
  await mkdir(small);
  for (const size of ["4k", "64k", "300k", "600k"]) {
    await execa("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", small]);
    await writeFile(join(small, "live.iso"), "old");
    const output = join(small, "live.iso");
    await expect(applyIsoDelta({ from: from.path, delta, output, expected: to.digest })).rejects.toMatchObject({ code: "pool.no-space" });
    if (size !== "600k") await expect(makeIsoDelta({ from: from.path, to: to.path, output })).rejects.toMatchObject({ code: "pool.no-space" });
    expect(await readdir(small)).toEqual(["live.iso"]);
    expect(await readFile(output, "utf8")).toBe("old");
    await execa("umount", [small]);
  }
});
