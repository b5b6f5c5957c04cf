import { digestOf } from "../../../oci/index.ts";
import { isRbuildError, RbuildError } from "../../../system/index.ts";
import { writeCanonical } from "../../trust/format/canonical.ts";
import type { PublishDependencies, PublishOptions } from "./publication.ts";
import type { PublishedState } from "./published-state.ts";
import { type PublisherMemory, type PublisherNumbers, publisherMemoryPath, readPublisherMemory } from "./publisher-memory.ts";

/** Versions and digests of a state, as they are remembered. */
export function numbersOf({ freshness }: Pick<PublishedState, "freshness">): Required<PublisherMemory> {
  const { version, sha256 } = freshness.index;
  return { index: { version, sha256 }, freshness: { version: freshness.version, sha256: digestOf(writeCanonical(freshness)) } };
}

/**
 * Sees that what a directory shows is not behind what was published from here, nor behind what the public repository shows. What is
 * published from an old copy has numbers that clients have seen with other contents: they take it for an attack.
 * @returns the newest numbers that are known, which nothing new may have
 * @throws RbuildError `repository.old-copy`
 */
export async function checkNotBehind(
  published: PublishedState | undefined,
  { directory, isOldCopyWanted }: Pick<PublishOptions, "directory" | "isOldCopyWanted">,
  { stateDirectory, roots, askPublic }: Pick<PublishDependencies, "stateDirectory" | "roots" | "askPublic">,
): Promise<PublisherNumbers> {
  const [first] = roots;
  if (!first) throw new TypeError("a checkout has a root");
  const shown: PublisherMemory = published ? numbersOf(published) : {};
  const path = publisherMemoryPath(stateDirectory, first.digest);
  const { prepared, ...own } = await readPublisherMemory(path);
  const witnesses = [{ who: "this machine has published", ...own }];
  const open = await askPublic?.().catch((error: unknown) => {
    if (!published && isRbuildError(error, "trust.missing-file")) return undefined; // nothing is there before the first publication
    throw error;
  });
  if (open) witnesses.push({ who: `${open.source} shows`, ...numbersOf(open) });
  for (const witness of witnesses) {
    const kind = (["index", "freshness"] as const).find((each) => isBehind(shown[each], witness[each]));
    if (!kind || isOldCopyWanted) continue;
    const { version = 0, sha256 } = witness[kind] ?? {};
    const here = shown[kind];
    const has = here ? `${kind} ${here.version}${here.version === version ? ` with other bytes (${here.sha256})` : ""}` : "nothing";
    throw new RbuildError(
      "repository.old-copy",
      `${directory} shows ${has}, but ${witness.who} ${kind} ${version} (${sha256}): it is an old copy, or another`,
      {
        category: "conflict",
        hint: `copy the public repository back: rsync -a --exclude=/.publish web:${directory}/ ${directory}/; to leave out what that had: --allow-old-copy`,
        details: { directory, kind, shown: here ?? null, known: witness[kind], memory: path },
      },
    );
  }
  return {
    ...newest("index", [shown, ...witnesses]),
    ...newest("freshness", [shown, ...witnesses]),
    ...(prepared ? { prepared } : {}),
  };
}

function isBehind(shown: PublisherMemory["index"], known: PublisherMemory["index"]): boolean {
  if (!known) return false;
  return !shown || shown.version < known.version || (shown.version === known.version && shown.sha256 !== known.sha256);
}

function newest(kind: "index" | "freshness", all: readonly PublisherMemory[]): PublisherMemory {
  const best = all.flatMap((each) => each[kind] ?? []).sort((left, right) => right.version - left.version)[0];
  return best ? { [kind]: best } : {};
}
