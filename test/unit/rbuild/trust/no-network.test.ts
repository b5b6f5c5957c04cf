import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCE = join(import.meta.dirname, "../../../../src/rbuild/trust");
const ALLOWED = /^(?:\.{1,2}\/.*|openpgp|zod|node:(?:fs|path|fs\/promises|crypto))$/;

test("what decides about trust imports nothing that could reach a network", async () => {
  const others: string[] = [];
  for await (const file of glob("**/*.ts", { cwd: SOURCE })) {
    const text = await readFile(join(SOURCE, file), "utf8");
    for (const [, from = ""] of text.matchAll(/(?:from |import\()"([^"\s]+)"/g)) if (!ALLOWED.test(from)) others.push(`${file}: ${from}`);
    for (const [, above = ""] of text.matchAll(/from "((?:\.\.\/)+[a-z][^"]*)"/g)) {
      const path = join(file, "..", above);
      if (path.startsWith("..") && !/^\.\.\/\.\.\/(?:oci\/index|system\/(?:index|counted))\.ts$/.test(path)) others.push(`${file}: ${path}`);
    }
  }
  expect(others).toEqual([]);
});
