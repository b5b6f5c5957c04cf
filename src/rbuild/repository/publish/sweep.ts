import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../../oci/index.ts";
import { namesIn, readFileIfExists } from "../../../system/index.ts";
import { parseMetadata } from "../../trust/format/parse.ts";
import { repositoryPaths } from "../../trust/format/paths.ts";
import { MAX_BYTES } from "../../trust/limits.ts";
import { isRefusal } from "../../trust/refusal.ts";
import { parseVerdict } from "../../trust/verdicts/statement.ts";
import type { IndexContent, IndexedFile } from "./index-content.ts";
import { removableFiles } from "./retention.ts";

interface Shown {
  readonly version: number;
  readonly sha256: Digest;
  readonly content: IndexContent;
}

/**
 * Removes, after a new index is shown, the indexes before the last one and the files that only they name. Each index goes after its
 * files, so that what a killed process leaves is found by the next.
 */
export async function sweepIndexes(directory: string, shown: readonly Shown[]): Promise<IndexedFile[]> {
  const stay = new Set(shown.map(({ version, sha256 }) => repositoryPaths.index(version, sha256)).flatMap((path) => [path, repositoryPaths.signature(path)]));
  const gone = (await namesIn(join(directory, "index"))).map((name) => `index/${name}`).filter((path) => isIndexFile(path) && !stay.has(path));
  const older: IndexContent[] = [];
  for (const path of gone.filter((file) => file.endsWith(".json"))) {
    const bytes = await readFileIfExists(join(directory, path), MAX_BYTES.index);
    const parsed = bytes && parseMetadata("index", bytes, path);
    if (parsed && !isRefusal(parsed)) older.push(parsed.value);
  }
  const removable = removableFiles(
    older,
    shown.map(({ content }) => content),
  );
  for (const { path } of removable) await rm(join(directory, path), { force: true });
  await sweepVerdicts(directory, older, shown);
  for (const path of gone) await rm(join(directory, path), { force: true });
  return removable;
}

/** Removes verdicts on images that are gone. */
async function sweepVerdicts(directory: string, older: readonly IndexContent[], shown: readonly Shown[]): Promise<void> {
  const manifestsOf = (contents: readonly IndexContent[]) => new Set(contents.flatMap(({ images }) => images.map(({ manifest }) => manifest)));
  const gone = manifestsOf(older).difference(manifestsOf(shown.map(({ content }) => content)));
  if (gone.size === 0) return;
  for (const name of await namesIn(join(directory, "verdicts"))) {
    const path = join(directory, "verdicts", name);
    const bytes = name.endsWith(".json") ? await readFileIfExists(path, MAX_BYTES.verdict) : undefined;
    const parsed = bytes && parseVerdict(bytes, path);
    if (!parsed || isRefusal(parsed) || !gone.has(parsed.manifest)) continue;
    await rm(path, { force: true });
    await rm(repositoryPaths.signature(path), { force: true });
  }
}

/** Keeps the freshness that is shown and the one before. */
export async function sweepFreshness(directory: string, versions: readonly number[]): Promise<void> {
  const stay = new Set(versions.map(repositoryPaths.freshness).flatMap((path) => [path, repositoryPaths.signature(path)]));
  for (const name of await namesIn(join(directory, "freshness"))) {
    const path = `freshness/${name}`;
    if (/^freshness\/[1-9]\d*\.json(?:\.asc)?$/.test(path) && !stay.has(path)) await rm(join(directory, path), { force: true });
  }
}

const isIndexFile = (path: string): boolean => /^index\/[1-9]\d*\.[0-9a-f]{64}\.json(?:\.asc)?$/.test(path);
