import { RbuildError } from "../../../system/index.ts";
import { type Gathered, gatherContent } from "./gather-content.ts";
import { believedUntil, checkLife, daysAfter, type End } from "./life.ts";
import type { PublishDependencies, PublishOptions, PublishOutcome } from "./publication.ts";
import { outcome, putFilesBack } from "./publication-outcome.ts";
import type { PublishedState } from "./published-state.ts";
import { showState } from "./show-state.ts";
import { type SigningContext, signersOf, stageFreshness, stageIndex } from "./sign-metadata.ts";
import { neededBy, type Work, withWork } from "./work.ts";

/**
 * Brings pinned images into a repository and shows them: all of it or nothing, however the process ends, and nothing that a client would
 * refuse. What the repository has already is left alone; with nothing new and life enough left nothing is written.
 * @throws RbuildError codes `repository.*`, `trust.*`, `image.pin-mismatch`, `image.unpinned`, `lock.*`, `definition.*`, `pool.*`, `delta.*`, `keys.*`
 */
export async function publishImages(choices: PublishOptions, dependencies: PublishDependencies): Promise<PublishOutcome> {
  return withWork(choices, dependencies, async (work) => {
    const { options, staging, published, before } = work;
    const mayWork = async () => {
      checkNothingWaits(work);
      await work.sign("publisher", "freshness");
    };
    const gathered = await gatherContent(options, before, staging, dependencies, mayWork);
    const needed = neededBy(work, gathered.content);
    if (needed === "index") return signAndShow(work, gathered);
    if (needed === "freshness") return signAndShow(work, gathered, published);
    return putFilesBack(work, gathered);
  });
}

/** @param old what is shown already, when only its freshness is to be renewed */
async function signAndShow(work: Work, { content, images, deltas }: Gathered, old?: PublishedState): Promise<PublishOutcome> {
  const { life } = work.options;
  if (!old) checkNothingWaits(work);
  const context = await (old ? work.sign("freshness") : work.sign("publisher", "freshness"));
  const { now } = context;
  const ends = { freshness: daysAfter(now, life.freshness), index: old ? new Date(old.index.expires) : daysAfter(now, life.index) };
  const believed = await endOf(work, context, ends, old !== undefined);
  checkLife(believed, life.atLeast, now);
  const index = old ? old.freshness.index : await stageIndex(content, await work.nextVersion("index"), ends.index, context);
  const freshness = await stageFreshness(index, await work.nextVersion("freshness"), ends.freshness, context);
  const shown = await showState(work, { content, freshness, until: believed.until, isIndexNew: !old });
  return outcome(work, { content, images, deltas }, shown);
}

function endOf(work: Work, context: SigningContext, ends: Readonly<Record<"freshness" | "index", Date>>, isIndexOld: boolean): Promise<End> {
  const fingerprints = (role: "publisher" | "freshness") => signersOf(role, context).map(({ fingerprint }) => fingerprint);
  // Who signed an index that stays is one of these.
  const publisher = isIndexOld ? work.root.root.roles.publisher.keys : fingerprints("publisher");
  return believedUntil(ends, work.root, { freshness: fingerprints("freshness"), publisher }, context.now);
}

/** Another index would make the prepared one worthless, which others may be about to sign. */
function checkNothingWaits({ prepared, options }: Work): void {
  const version = prepared?.request.index?.value.version;
  if (version === undefined) return;
  throw new RbuildError("repository.prepared-pending", `index ${version} of ${options.directory} is prepared and waits for signatures`, {
    category: "conflict",
    hint: `rbuild image publish ${options.directory} --add-signature FILE --finish, or --abandon`,
    details: { version },
  });
}
