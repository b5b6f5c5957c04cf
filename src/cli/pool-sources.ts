import type { SourceChoice } from "../rbuild/pool/sources.ts";
import { chosenMirror } from "./chosen-mirror.ts";
import { currentTree } from "./current-tree.ts";
import type { Settings } from "./settings/settings.ts";
import { parseArchiveTemplate, parsePool, parsePools } from "./values.ts";

/** Options of every command that fetches packages. */
export const POOL_OPTION = [
  "--pool <dir|url>",
  "take packages from this pool first; may be given several times",
  (text: string, before: readonly string[] = []): readonly string[] => [...before, parsePool(text)],
] as const;
export const ARCHIVE_OPTION = [
  "--archive <template>",
  "last, from this archive of old states: a URL with {archive}, {timestamp}, {path}, {name} or {sha256}",
  parseArchiveTemplate,
] as const;
export const OFFLINE_OPTION = ["--offline", "use no network: what is missing is an error that lists it"] as const;

export interface PoolChoices {
  readonly pool?: readonly string[];
  readonly archive?: string;
  readonly mirror?: string | ReadonlyMap<string, string>;
  readonly offline?: true;
}

/** Where packages may come from: an option wins over RBUILD_POOL, that over the setting. The tree is the one the command works in. */
export function chosenSources({ pool, archive, mirror, offline }: PoolChoices, settings: Settings, tree = currentTree()): SourceChoice {
  const pools = pool ?? (process.env["RBUILD_POOL"] ? parsePools(process.env["RBUILD_POOL"]) : settings.pools);
  const template = archive ?? settings.archive;
  const main = chosenMirror(typeof mirror === "string" ? mirror : undefined, settings).mirror;
  const mirrors = new Map([...(main === undefined ? [] : [["debian", main] as const]), ...(typeof mirror === "object" ? mirror : [])]);
  return {
    tree,
    ...(pools === undefined ? {} : { pools }),
    ...(template === undefined ? {} : { archiveTemplate: template }),
    ...(mirrors.size === 0 ? {} : { mirrors }),
    ...(offline ? { offline } : {}),
  };
}
