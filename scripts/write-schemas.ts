import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { publishedSchemas } from "../src/rbuild/published-schemas.ts";

/** Writes `schemas/` from the schemas that rbuild checks its files with: `node scripts/write-schemas.ts`. */

const directory = resolve(import.meta.dirname, "../schemas");
await mkdir(directory, { recursive: true });
for (const [name, text] of publishedSchemas()) await writeFile(join(directory, name), text);
