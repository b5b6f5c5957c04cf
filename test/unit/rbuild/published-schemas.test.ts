import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { publishedSchemas } from "../../../src/rbuild/published-schemas.ts";

test.each([...publishedSchemas()])("schemas/%s is that of the program: node scripts/write-schemas.ts", async (name, text) => {
  expect(await readFile(new URL(`../../../schemas/${name}`, import.meta.url), "utf8")).toBe(text);
});
