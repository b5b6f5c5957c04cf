import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isRbuildError, pathExists } from "../../system/index.ts";
import { findMirror } from "../mirror/find-mirror.ts";
import type { PoolSource } from "./pool.ts";

/** What a person said about where packages may come from. */
export interface SourceChoice {
  /** Directories and URLs of pools, in their order. */
  readonly pools?: readonly string[];
  /** A tree whose vendored pool counts, if it has one. */
  readonly tree?: string;
  /** URLs of archives by name; Debian's own have a default. */
  readonly mirrors?: ReadonlyMap<string, string>;
  /** Of an archive of old states, see PoolSource. */
  readonly archiveTemplate?: string;
  /** Directories only. */
  readonly offline?: boolean;
}

/** An archive that packages are locked from. */
export interface WantedArchive {
  readonly archive: string;
  readonly suite: string;
  /** Where a definition says it is. */
  readonly url?: string;
}

/** What is to be found. */
export interface WantedSources {
  readonly archives: readonly WantedArchive[];
  /** When the locks were made, seconds since 1970: for templates. */
  readonly lockedAt: readonly number[];
}

/** Below a tree: where `rbuild image vendor --to` may put its packages, to be committed or carried along. */
export const VENDORED_POOL = "pool";

/**
 * Where packages may be had, best first: the pools named, the tree's own, the mirrors, the archive of old states. An archive whose mirror
 * is not known has none here; only when an item of it is nowhere else does that matter.
 * @throws RbuildError `mirror.invalid-url`
 */
export async function findSources(choice: SourceChoice, wanted: WantedSources, options: { readonly signal?: AbortSignal } = {}): Promise<PoolSource[]> {
  const sources: PoolSource[] = (choice.pools ?? []).map(poolSource);
  const vendored = choice.tree === undefined ? undefined : join(choice.tree, VENDORED_POOL);
  if (vendored !== undefined && (await pathExists(join(vendored, "sha256")))) sources.push({ kind: "directory", path: vendored });
  if (choice.offline) return sources.filter(({ kind }) => kind === "directory");
  for (const archive of wanted.archives) {
    if (sources.some((source) => source.kind === "mirror" && source.archive === archive.archive)) continue;
    const mirror = await mirrorOf(archive, choice, options);
    if (mirror) sources.push(mirror);
  }
  if (choice.archiveTemplate === undefined) return sources;
  const times = choice.archiveTemplate.includes("{timestamp}") ? [...new Set(wanted.lockedAt)].sort((left, right) => right - left) : [undefined];
  const template = choice.archiveTemplate;
  return [...sources, ...times.map((time): PoolSource => ({ kind: "template", template, ...(time === undefined ? {} : { timestamp: timestampOf(time) }) }))];
}

/** A pool as a person names it: a directory, or an http, https or file URL. */
function poolSource(text: string): PoolSource {
  if (/^https?:\/\//i.test(text)) return { kind: "publisher", url: text };
  return { kind: "directory", path: resolve(/^file:\/\//i.test(text) ? fileURLToPath(text) : text) };
}

/** Undefined when nobody knows one. */
async function mirrorOf(
  { archive, suite, url }: WantedArchive,
  { mirrors }: SourceChoice,
  options: { readonly signal?: AbortSignal },
): Promise<PoolSource | undefined> {
  try {
    const mirror = await findMirror({ archive, suite, url, mirror: mirrors?.get(archive), ...options });
    return { kind: "mirror", archive, url: mirror.url, ...(mirror.proxy === undefined ? {} : { proxy: mirror.proxy }) };
  } catch (error) {
    if (isRbuildError(error, "mirror.not-found")) return undefined;
    throw error;
  }
}

/** `20260711T094637Z`, as archives of old states name them. */
function timestampOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/[-:]|\.\d+/g, "");
}
