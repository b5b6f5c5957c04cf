import { glob, readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");

async function codesInSource(): Promise<Set<string>> {
  const codes = new Set<string>();
  for await (const file of glob("src/**/*.{ts,tsx}", { cwd: root })) {
    const text = await readFile(resolve(root, file), "utf8");
    for (const [, argument] of text.matchAll(/new RbuildError\(([^`]*?)[,`]/g))
      for (const [, code] of argument!.matchAll(/"([a-z][a-z0-9-]*\.[a-z0-9-]+)"/g)) codes.add(code!);
    // refusals are values that become errors where one is needed
    if (/^src\/rbuild\/(?:trust|repository\/(?:fetch|publish))\//.test(file)) for (const [, code] of text.matchAll(/"(trust\.[a-z-]+)"/g)) codes.add(code!);
    // findings of a check are told as errors are
    if (/\bFinding\b/.test(text)) for (const [, code] of text.matchAll(/\bcode: [^,}\n]*"([a-z]+\.[a-z-]+)"/g)) codes.add(code!);
  }
  return codes;
}

test("every error code has its line in docs/errors.md, and no line is of a code that is gone", async () => {
  const documented = [...(await readFile(resolve(root, "docs/errors.md"), "utf8")).matchAll(/^\| `([a-z0-9-]+\.[a-z0-9-]+)` \|/gm)].map(([, code]) => code!);
  expect(documented.toSorted()).toEqual([...(await codesInSource())].toSorted());
});
