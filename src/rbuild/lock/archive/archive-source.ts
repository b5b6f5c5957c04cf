import type { ImageDefinition } from "../../definition/schema.ts";
import type { SuiteSource } from "../../definition/suite-source.ts";
import { findMirror, type Mirror } from "../../mirror/find-mirror.ts";
import { readOwnKeyring } from "../wanted.ts";
import { readHostKeyring } from "./host-keyring.ts";

/** One suite that packages are chosen from: where it is and whose signature it must have. */
export interface ArchiveSource {
  readonly archive: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly mirror: Mirror;
  /** OpenPGP certificates, binary or armored. */
  readonly keyring: Buffer;
}

/**
 * The suites of an image and of those it stands on, bottom first. A suite that several name is there once, with the components of all.
 * @throws RbuildError `mirror.invalid-url`, `mirror.not-found`, `lock.keyring-missing`, `lock.no-archive-keyring`
 */
export async function findSources(
  chain: readonly { readonly definition: Pick<ImageDefinition, "suites">; readonly directory: string }[],
  mirrors: ReadonlyMap<string, string>,
  options: { readonly signal?: AbortSignal },
): Promise<ArchiveSource[]> {
  const suites = new Map<string, { source: SuiteSource; components: Set<string>; directory: string }>();
  for (const { definition, directory } of chain) {
    for (const source of definition.suites ?? []) {
      const known = suites.get(`${source.archive} ${source.suite}`);
      suites.set(`${source.archive} ${source.suite}`, {
        source: { ...known?.source, ...source },
        components: new Set([...(known?.components ?? []), ...source.components]),
        directory: source.keyring === undefined && known ? known.directory : directory,
      });
    }
  }
  const places = new Map<string, Mirror>();
  const sources: ArchiveSource[] = [];
  for (const { source, components, directory } of suites.values()) {
    const { archive, suite, url, keyring } = source;
    const key = `${archive} ${url ?? ""}`;
    const mirror = places.get(key) ?? (await findMirror({ archive, suite, url, mirror: mirrors.get(archive), ...options }));
    places.set(key, mirror);
    sources.push({
      archive,
      suite,
      components: [...components],
      mirror,
      keyring: keyring === undefined ? await readHostKeyring() : await readOwnKeyring(directory, keyring),
    });
  }
  return sources;
}
