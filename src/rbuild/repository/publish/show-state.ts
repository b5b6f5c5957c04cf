import { join } from "node:path";
import { timeText } from "../../trust/format/fields.ts";
import type { Freshness } from "../../trust/format/freshness.ts";
import { repositoryPaths } from "../../trust/format/paths.ts";
import type { IndexContent } from "./index-content.ts";
import type { PublishOutcome } from "./publication.ts";
import { checkNext } from "./published-state.ts";
import { rememberShown } from "./remember-numbers.ts";
import { sweepFreshness, sweepIndexes } from "./sweep.ts";
import { memoryOf, type Work } from "./work.ts";

/** A signed freshness, its pointer and what it names: staged, or there already. */
interface SignedState {
  readonly content: IndexContent;
  readonly freshness: Freshness;
  readonly until: Date;
  /** Else only the freshness is new. */
  readonly isIndexNew: boolean;
}

/**
 * Shows what is staged, with the new roots, once clients' own code has judged it: all of it or nothing, however the process ends.
 * @throws RbuildError codes `trust.*`
 */
export async function showState(
  work: Work,
  { content, freshness, until, isIndexNew }: SignedState,
): Promise<Pick<PublishOutcome, "kind" | "index" | "freshness" | "until" | "removed">> {
  const { options, dependencies, staging, published, newRoots } = work;
  const { directory } = options;
  const { roots, clock } = dependencies;
  for (const { root: each, bytes, signature } of newRoots) {
    const path = repositoryPaths.root(each.version);
    await staging.put(repositoryPaths.signature(path), signature);
    await staging.put(path, bytes);
  }
  const fresh = join(staging.scratch, "fresh");
  await checkNext(directory, staging.incoming, { roots, memory: memoryOf(staging), fresh, now: clock.now() });

  await staging.bring(inOrder([...staging.staged.keys()]));
  await rememberShown(work, freshness);
  // Without a last index nobody knows which of the others a client may have read.
  const removed =
    isIndexNew && published
      ? await sweepIndexes(directory, [
          { ...freshness.index, content },
          { ...published.freshness.index, content: published.index },
        ])
      : [];
  await sweepFreshness(directory, [freshness.version, ...(published ? [published.freshness.version] : [])]);
  return { kind: isIndexNew ? "published" : "renewed", index: freshness.index.version, freshness: freshness.version, until: timeText(until), removed };
}

/** Of everything that is immutable the index comes first, which names it all should the process end now; what points to it last. */
function inOrder(paths: readonly string[]): string[] {
  const rank = (path: string) =>
    [/^index\//, /^(?!freshness\/|root\/|current\.json$)/, /^freshness\//, /^root\//, /^/].findIndex((pattern) => pattern.test(path));
  return [...paths].sort((left, right) => rank(left) - rank(right));
}
