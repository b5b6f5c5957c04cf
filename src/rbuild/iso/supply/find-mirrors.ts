import { isRbuildError } from "../../../system/index.ts";
import { readDefinitions } from "../../definition/find-definition.ts";
import type { SuiteSource } from "../../definition/suite-source.ts";
import type { RbuildReport } from "../../events.ts";
import { findMirror, type Mirror } from "../../mirror/find-mirror.ts";
import type { PoolSource } from "../../pool/pool.ts";
import { findSources } from "../../pool/sources.ts";
import type { RbuildYaml } from "../config/schema.ts";
import type { IsoOptions } from "../iso.ts";
import type { TreeLock } from "../locked/tree-lock.ts";

export interface MirrorChoice {
  /** `--mirror`, by archive. */
  readonly mirrors: ReadonlyMap<string, string>;
  readonly signal?: AbortSignal;
}

/**
 * Where the archives of some suites are, by their names.
 * @throws RbuildError `mirror.invalid-url`, `mirror.not-found`
 */
export async function findArchiveMirrors(suites: readonly SuiteSource[], { mirrors: chosen, ...options }: MirrorChoice): Promise<Map<string, Mirror>> {
  const mirrors = new Map<string, Mirror>();
  for (const { archive, suite, url } of suites) {
    if (mirrors.has(archive)) continue;
    mirrors.set(archive, await findMirror({ archive, suite, url, mirror: chosen.get(archive), ...options }));
  }
  return mirrors;
}

/** The same for a build that takes whatever a mirror has. One that was not asked for and is not found is no error: not every tree needs one. */
export async function findBuildMirrors(
  { builder, suites }: { readonly builder: string; readonly suites: readonly SuiteSource[] },
  choice: MirrorChoice,
  { imageDirectories, report }: { readonly imageDirectories: readonly string[]; readonly report: RbuildReport },
): Promise<Map<string, Mirror>> {
  const wanted = suites.some(({ archive }) => archive === "debian")
    ? suites
    : [{ archive: "debian", suite: await suiteOf(builder, imageDirectories), components: [] }, ...suites];
  const mirrors = new Map<string, Mirror>();
  for (const source of wanted) {
    try {
      for (const [archive, mirror] of await findArchiveMirrors([source], choice)) if (!mirrors.has(archive)) mirrors.set(archive, mirror);
    } catch (error) {
      if (!isRbuildError(error, "mirror.not-found")) throw error;
      const message = `${error.message}; the build is told of none`;
      report({ kind: "warning.raised", code: error.code, message, ...(error.hint ? { hint: error.hint } : {}) });
    }
  }
  return mirrors;
}

/** The Debian suite that an image is made of. */
async function suiteOf(name: string, imageDirectories: readonly string[]): Promise<string> {
  const [lowest] = await readDefinitions(name, imageDirectories);
  const own = lowest?.definition.suites?.find(({ archive }) => archive === "debian");
  return own?.suite ?? "stable";
}

/** Where the files of a tree's lock may be had, best first. */
export function findLockedSources(
  { lockedAt, archives }: Pick<TreeLock, "lockedAt" | "archives">,
  { tree, config, options }: { readonly tree: string; readonly config: Pick<RbuildYaml, "lock">; readonly options: Pick<IsoOptions, "sources"> },
  signal?: AbortSignal,
): Promise<PoolSource[]> {
  const wanted = archives.map(({ archive, suite }) => {
    const url = config.lock?.suites.find((source) => source.archive === archive)?.url;
    return { archive, suite, ...(url === undefined ? {} : { url }) };
  });
  return findSources({ tree, ...options.sources }, { archives: wanted, lockedAt: [lockedAt] }, signal ? { signal } : {});
}
