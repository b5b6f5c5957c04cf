import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Bench, BenchResult } from "./support/bench.ts";
import { table } from "./support/table.ts";

// `node bench/run.ts [name…]`: each bench/<name>.bench.ts, or those named. Tables go to stderr, JSON to stdout.
// Exit code 1: a promise is broken.

const SUFFIX = ".bench.ts";
const present = (await readdir(import.meta.dirname))
  .filter((name) => name.endsWith(SUFFIX))
  .map((name) => name.slice(0, -SUFFIX.length))
  .sort();
const wanted = process.argv.length > 2 ? process.argv.slice(2) : present;
const unknown = wanted.filter((name) => !present.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no such bench: ${unknown.join(", ")}; there are ${present.join(", ")}\n`);
  process.exit(2);
}

const results: Record<string, BenchResult> = {};
for (const name of wanted) {
  const { bench } = (await import(pathToFileURL(join(import.meta.dirname, name + SUFFIX)).href)) as { readonly bench: Bench };
  process.stderr.write(`\n${name}: ${bench.description}\n`);
  const result = await bench.run((line) => process.stderr.write(`  … ${line}\n`));
  results[name] = result;
  process.stderr.write(`\n${table(result)}\n`);
  if (result.checks.some((check) => !check.holds) || result.ratios.some((ratio) => ratio.limit !== undefined && ratio.value > ratio.limit))
    process.exitCode = 1;
}
process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
