import type { Command, OptionValues } from "@commander-js/extra-typings";
import type { SourceChoice } from "../rbuild/pool/sources.ts";
import { currentTree } from "./current-tree.ts";
import type { Settings } from "./settings/settings.ts";
import { addNamedMirror, parseArchiveTemplate, parsePool, parsePools } from "./values.ts";

const addPool = (text: string, before: readonly string[] = []): readonly string[] => [...before, parsePool(text)];

export const MIRROR_OPTION = [
  "--mirror <url>",
  "mirror of the archive debian, or NAME=URL of another; may be given several times; default: RBUILD_MIRROR, or the host's APT",
  addNamedMirror,
] as const;

/** Gives a command the options of every command that fetches packages, but `--offline`. */
export function withSourceOptions<Args extends unknown[], Options extends OptionValues, Globals extends OptionValues>(
  command: Command<Args, Options, Globals>,
) {
  return command
    .option("--pool <dir|url>", "take packages from this pool first; may be given several times", addPool)
    .option(...MIRROR_OPTION)
    .option(
      "--archive <template>",
      "last, from this archive of old states: a URL with {archive}, {timestamp}, {path}, {name} or {sha256}",
      parseArchiveTemplate,
    );
}

export const OFFLINE_OPTION = ["--offline", "use no network: what is missing is an error that lists it"] as const;

export interface PoolChoices {
  readonly pool?: readonly string[];
  readonly archive?: string;
  readonly mirror?: ReadonlyMap<string, string>;
  readonly offline?: true;
}

/** Where packages may come from: an option wins over RBUILD_POOL, that over the setting. The tree is the one the command works in. */
export function chosenSources({ pool, archive, mirror, offline }: PoolChoices, settings: Settings, tree = currentTree()): SourceChoice {
  const pools = pool ?? (process.env["RBUILD_POOL"] ? parsePools(process.env["RBUILD_POOL"]) : settings.pools);
  const template = archive ?? settings.archive;
  const mirrors = chosenMirrors(mirror, settings);
  return {
    tree,
    ...(pools === undefined ? {} : { pools }),
    ...(template === undefined ? {} : { archiveTemplate: template }),
    ...(mirrors.size === 0 ? {} : { mirrors }),
    ...(offline ? { offline } : {}),
  };
}

/** The mirrors that were asked for, by archive: by option, else by the setting unless RBUILD_MIRROR, which the domain reads itself, is set. */
export function chosenMirrors(option: ReadonlyMap<string, string> | undefined, settings: Settings): ReadonlyMap<string, string> {
  const main = process.env["RBUILD_MIRROR"] ? undefined : settings.mirror;
  return new Map([...(main === undefined ? [] : [["debian", main] as const]), ...(option ?? [])]);
}
