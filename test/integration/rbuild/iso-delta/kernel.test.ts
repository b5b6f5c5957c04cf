import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { applyIsoDelta, readIsoDelta } from "../../../../src/rbuild/iso-delta/apply-iso-delta.ts";
import { makeIsoDelta } from "../../../../src/rbuild/iso-delta/make-iso-delta.ts";
import { isSameFile } from "../../../support/delta/layer-files.ts";
import { scratchDirectory } from "../../../support/scratch.ts";

const MIB = 1024 * 1024;

test("a kernel as its build packs it, with lz4(1): its blocks are made anew, and what begins as one is none", async () => {
  const directory = await scratchDirectory();
  const isoOf = async (version: number) => {
    const content = Buffer.alloc(9 * MIB);
    for (let at = 0; at < content.byteLength; at += 64) content.write(`line ${(at * 7919) % 65_536} of a kernel, version ${at % MIB === 0 ? version : 0}`, at);
    const plain = join(directory, `${version}.elf`);
    await writeFile(plain, content);
    await execa("lz4", ["-l", "-9", "-q", "-f", plain, `${plain}.lz4`]);
    const path = join(directory, `${version}.iso`);
    // A setup code in front and a size behind, as in a bzImage; then a magic, and nothing that follows from it.
    const noise = Buffer.concat([Buffer.from([0x02, 0x21, 0x4c, 0x18]), Buffer.alloc(5000, 0xff)]);
    await writeFile(path, Buffer.concat([Buffer.alloc(21_000, "setup"), await readFile(`${plain}.lz4`), Buffer.alloc(3000, version), noise]));
    return path;
  };
  const [from, to, delta, output] = [await isoOf(1), await isoOf(2), join(directory, "delta"), join(directory, "out")];
  const made = await makeIsoDelta({ from, to, output: delta }, { level: 1 });
  expect(made.blocks).toEqual({ copied: 0, made: 2, sent: 0 });
  expect(made.size).toBeLessThan(5000);
  expect((await readIsoDelta(delta)).recipe.coders).toMatchObject([{ kind: "lz4", level: 9, capacity: 8 * MIB }]);
  await applyIsoDelta({ from, delta, output, expected: made.to.digest });
  expect(await isSameFile(output, to)).toBe(true);
});
