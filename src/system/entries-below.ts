import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Everything below a directory, in no order. Links are links: nothing outside of it is looked at. (Node's own `recursive` goes through them.) */
export async function entriesBelow(directory: string): Promise<Dirent[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const below = await Promise.all(entries.filter((entry) => entry.isDirectory()).map((entry) => entriesBelow(join(directory, entry.name))));
  return [...entries, ...below.flat()];
}
