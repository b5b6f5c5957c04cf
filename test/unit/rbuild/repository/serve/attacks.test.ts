import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { ATTACKS } from "../../../../../src/rbuild/repository/serve/attack/attacks.ts";

const documentation = (name: string) => readFile(new URL(`../../../../../docs/${name}`, import.meta.url), "utf8");

test("every attack is documented in its own words", async () => {
  const rows = [...(await documentation("serving.md")).matchAll(/^\| `([a-z-]+)` \| (.*) \|$/gm)].map(([, name, text]) => [name, text]);
  expect(Object.fromEntries(rows)).toEqual(ATTACKS);
});

test("the threat model names attacks that there are, as served, and leaves none of an enemy out", async () => {
  const served = [...(await documentation("threat-model.md")).matchAll(/served: ((?:`[a-z-]+`(?:, )?)+)/g)].flatMap(
    ([, names = ""]) => names.match(/[a-z-]+/g) ?? [],
  );
  expect(served.filter((name) => !Object.hasOwn(ATTACKS, name))).toEqual([]);
  const elsewhere = ["resigned", "withheld-root", "withheld-verdicts"];
  expect(Object.keys(ATTACKS).filter((name) => !served.includes(name) && !elsewhere.includes(name))).toEqual([]);
});
