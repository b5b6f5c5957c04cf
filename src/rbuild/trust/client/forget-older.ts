import type { Freshness } from "../format/freshness.ts";
import type { RepositoryIndex } from "../format/index-file.ts";
import { repositoryPaths } from "../format/paths.ts";
import { MAX_REVISIONS } from "../limits.ts";
import type { TrustedRoot } from "./root-chain.ts";
import type { Seen, TrustStore } from "./trust-store.ts";

/**
 * Removes from a memory what nothing will be asked of again: freshness and index but the newest, and verdicts that are not by a rebuilder of
 * the newest root on an image of that index, which nobody is asked about.
 * @param before the index that was the newest until now
 */
export async function forgetOlder(
  store: TrustStore,
  { root, freshness, index }: { readonly root: TrustedRoot; readonly freshness: Freshness; readonly index: RepositoryIndex },
  before: Seen | undefined,
): Promise<void> {
  const { version, index: named } = freshness;
  for (const path of [repositoryPaths.freshness(version), repositoryPaths.index(named.version, named.sha256)]) {
    const [directory, name] = path.split("/") as [string, string];
    await store.retain(directory, [name, repositoryPaths.signature(name)]);
  }
  if (before?.sha256 !== named.sha256) await store.retain("verdicts", verdictNames(root, index));
}

function* verdictNames({ root }: TrustedRoot, { images }: RepositoryIndex): Generator<string> {
  for (const { manifest } of images)
    for (const rebuilder of root.roles.rebuilder.keys)
      for (let revision = 1; revision <= MAX_REVISIONS; revision++) {
        const name = repositoryPaths.verdict(manifest, rebuilder, revision).slice("verdicts/".length);
        yield name;
        yield repositoryPaths.signature(name);
      }
}
