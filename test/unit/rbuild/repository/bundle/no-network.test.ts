import { readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

const SOURCE = resolve(import.meta.dirname, "../../../../../src");
const START = ["rbuild/repository/bundle/open-bundle-source.ts", "rbuild/trust/client/update-trust.ts"];
const PLAIN = /^(?:openpgp|zod|node:(?:fs|path|fs\/promises|crypto))$/;
const WITHIN = /^(?:rbuild\/(?:trust|repository\/bundle)\/|oci\/index\.ts$|system\/(?:index|counted)\.ts$)/;

test("a bundle is opened and verified by code that imports nothing that could reach a network", async () => {
  const [seen, others] = [new Set(START), [] as string[]];
  for (const file of seen) {
    if (/^(?:oci|system)\//.test(file)) continue;
    const text = await readFile(join(SOURCE, file), "utf8");
    for (const [statement, from = ""] of text.matchAll(/^(?:import|export)\b[^;]*?\bfrom "([^"]+)"/gm)) {
      if (/^(?:import|export) type\b/.test(statement)) continue;
      const target = from.startsWith(".") ? relative(SOURCE, resolve(SOURCE, dirname(file), from)) : from;
      if (!from.startsWith(".")) {
        if (!PLAIN.test(from)) others.push(`${file}: ${from}`);
      } else if (WITHIN.test(target)) seen.add(target);
      else others.push(`${file}: ${target}`);
    }
    if (/\bimport\(/.test(text)) others.push(`${file}: import()`);
  }
  expect(others).toEqual([]);
  expect(seen.size).toBeGreaterThan(15);
});
