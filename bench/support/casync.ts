import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { BlobFile } from "../../src/rbuild/repository/delta/delta.ts";
import { check } from "./check.ts";
import type { Update } from "./update.ts";

/** casync's chunks of the newer file that the older does not have, compressed as it does, and its index. */
export async function casyncUpdate(from: BlobFile, to: BlobFile, directory: string): Promise<Update> {
  const [older, newer] = [join(directory, "older.castr"), join(directory, "newer.castr")];
  const index = join(directory, "newer.caibx");
  await execa("casync", ["make", `--store=${older}`, join(directory, "older.caibx"), from.path]);
  const start = performance.now();
  await execa("casync", ["make", `--store=${newer}`, index, to.path]);
  const made = performance.now() - start;
  const had = new Set(await filesBelow(older));
  const missing = (await filesBelow(newer)).filter((name) => !had.has(name));
  const sizes = await Promise.all(missing.map(async (name) => (await stat(join(newer, name))).size));
  const size = sizes.reduce((sum, chunk) => sum + chunk, (await stat(index)).size);
  const output = join(directory, "from-casync");
  const apply = async () => {
    await rm(output, { force: true });
    await execa("casync", ["extract", `--store=${newer}`, `--seed=${from.path}`, "--seed-output=no", index, output]);
    await check(output, to);
  };
  return { what: "chunks of casync", size, made, apply };
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name).slice(directory.length));
}
