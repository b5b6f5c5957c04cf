import { join, resolve } from "node:path";
import { withStep } from "../../../make-runner/index.ts";
import { RbuildError } from "../../../system/index.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import { timeText } from "../../trust/format/fields.ts";
import { repositoryPaths } from "../../trust/format/paths.ts";
import { type Gathered, gatherContent } from "./gather-content.ts";
import { EMPTY_CONTENT, type IndexContent, imageKey, isSameContent } from "./index-content.ts";
import { believedUntil, checkLife, daysAfter, daysUntil } from "./life.ts";
import type { PublishDependencies, PublishOptions, PublishOutcome } from "./publication.ts";
import { checkNext, highestVersion, missingRoots, type PublishedState, readPublished } from "./published-state.ts";
import { type IndexReference, type SigningContext, signersOf, stageFreshness, stageIndex } from "./sign-metadata.ts";
import { checkEmpty, openStaging, type Staging } from "./staging.ts";
import { sweepFreshness, sweepIndexes } from "./sweep.ts";

/** What one publication works with. */
interface Work {
  readonly options: PublishOptions;
  readonly dependencies: PublishDependencies;
  readonly staging: Staging;
  /** What clients find now; undefined before the first publication. */
  readonly published: PublishedState | undefined;
  /** Of the checkout, and not in the repository yet. */
  readonly newRoots: readonly TrustedRoot[];
  /** Opens the signers, once, and sees that they are enough. */
  readonly sign: (role: "publisher" | "freshness") => Promise<SigningContext>;
}

/**
 * Brings pinned images into a repository and shows them: all of it or nothing, however the process ends, and nothing that a client would
 * refuse. What the repository has already is left alone; with nothing new and life enough left nothing is written.
 * @throws RbuildError codes `repository.*`, `trust.*`, `image.pin-mismatch`, `image.unpinned`, `lock.*`, `definition.*`, `pool.*`, `delta.*`, `keys.*`
 */
export async function publishImages(choices: PublishOptions, dependencies: PublishDependencies): Promise<PublishOutcome> {
  const options = { ...choices, directory: resolve(choices.directory) };
  const { directory, life, renew = false } = options;
  return withStep(dependencies.report, { name: "image.publish", subject: directory }, async () => {
    if ((await highestVersion(directory, "freshness")) === 0) await checkEmpty(directory);
    await using staging = await openStaging(directory);
    const published = await readPublished(directory, dependencies.roots, memoryOf(staging));
    if (!published && renew) throw nothingPublished(directory);
    const newRoots = await missingRoots(directory, dependencies.roots);
    const work: Work = { options, dependencies, staging, published, newRoots, sign: signing(options, staging, dependencies) };

    const gathered = await gatherContent(options, published?.index ?? EMPTY_CONTENT, staging, dependencies, async () => void (await work.sign("publisher")));
    const [now, isEndingSoon] = [dependencies.clock.now(), (time: string) => daysUntil(time, now) < life.atLeast];
    if (!published || (!renew && (newRoots.length > 0 || !isSameContent(gathered.content, published.index) || isEndingSoon(published.index.expires))))
      return await show(work, gathered);
    if (renew || newRoots.length > 0 || isEndingSoon(published.freshness.expires)) return await show(work, gathered, published);
    const repaired = [...staging.staged.keys()];
    await staging.bring(repaired);
    return outcome(work, gathered, { kind: repaired.length > 0 ? "repaired" : "unchanged", ...shownNow(published), removed: [] });
  });
}

/** @param old what is shown already, when only its freshness is to be renewed */
async function show(work: Work, gathered: Gathered, old?: PublishedState): Promise<PublishOutcome> {
  const { options, dependencies, staging, published, newRoots } = work;
  const { directory, life } = options;
  const context = await work.sign(old ? "freshness" : "publisher");
  const { now } = context;
  const ends = { freshness: daysAfter(now, life.freshness), index: old ? new Date(old.index.expires) : daysAfter(now, life.index) };
  const fingerprints = (role: "publisher" | "freshness") => signersOf(role, context).map(({ fingerprint }) => fingerprint);
  // Who signed an index that stays is one of these.
  const signers = { freshness: fingerprints("freshness"), publisher: old ? context.root.root.roles.publisher.keys : fingerprints("publisher") };
  const believed = await believedUntil(ends, context.root, signers, now);
  checkLife(believed, life.atLeast, now);
  const version = async (kind: "freshness" | "index") =>
    Math.max(await highestVersion(directory, kind), published?.[kind].version ?? 0, context.root.root.floors[kind] - 1) + 1;
  const index = old ? referenceOf(old) : await stageIndex(gathered.content, await version("index"), ends.index, context);
  const freshness = await stageFreshness(index, await version("freshness"), ends.freshness, context);
  for (const { root, bytes, signature } of newRoots) {
    const path = repositoryPaths.root(root.version);
    await staging.put(repositoryPaths.signature(path), signature);
    await staging.put(path, bytes);
  }
  await checkNext(directory, staging.incoming, { roots: dependencies.roots, memory: memoryOf(staging), fresh: join(staging.scratch, "fresh"), now });

  await staging.bring(inOrder([...staging.staged.keys()]));
  // Without a last index nobody knows which of the others a client may have read.
  const removed =
    old || !published
      ? []
      : await sweepIndexes(directory, [
          { ...index, content: gathered.content },
          { ...referenceOf(published), content: published.index },
        ]);
  await sweepFreshness(directory, [freshness.version, ...(published ? [published.freshness.version] : [])]);
  return outcome(work, gathered, {
    kind: old ? "renewed" : "published",
    index: index.version,
    freshness: freshness.version,
    until: timeText(believed.until),
    removed,
  });
}

/** Of everything that is immutable the index comes first, which names it all should the process end now; what points to it last. */
function inOrder(paths: readonly string[]): string[] {
  const rank = (path: string) =>
    [/^index\//, /^(?!freshness\/|root\/|current\.json$)/, /^freshness\//, /^root\//, /^/].findIndex((pattern) => pattern.test(path));
  return [...paths].sort((left, right) => rank(left) - rank(right));
}

function signing({ signal }: PublishOptions, staging: Staging, { roots, clock, openSigners }: PublishDependencies): Work["sign"] {
  const root = roots.at(-1) as TrustedRoot;
  let opened: SigningContext["signers"] | undefined;
  return async (role) => {
    opened ??= await openSigners();
    const context = { root, signers: opened, staging, now: clock.now(), ...(signal ? { signal } : {}) };
    for (const each of role === "publisher" ? (["publisher", "freshness"] as const) : [role]) signersOf(each, context);
    return context;
  };
}

const memoryOf = ({ scratch }: Staging): string => join(scratch, "memory");

function referenceOf({ freshness }: PublishedState): IndexReference {
  return freshness.index;
}

function shownNow({ index, freshness }: PublishedState): Pick<PublishOutcome, "index" | "freshness" | "until"> {
  return { index: index.version, freshness: freshness.version, until: [freshness.expires, index.expires].sort()[0] ?? "" };
}

function outcome(
  { options, dependencies, staging, published }: Work,
  { content, images, deltas }: Gathered,
  shown: Pick<PublishOutcome, "kind" | "index" | "freshness" | "until" | "removed">,
): PublishOutcome {
  const before: IndexContent = published?.index ?? EMPTY_CONTENT;
  const left = new Set(content.images.map(imageKey));
  return {
    ...shown,
    directory: options.directory,
    repository: dependencies.roots.at(-1)?.root.repository ?? "",
    images,
    deltas: deltas.map(({ path, size, from, to }) => ({ path, size, from, to })),
    written: [...staging.staged].map(([path, size]) => ({ path, size })),
    removed: shown.removed.map(({ path, size }) => ({ path, size })),
    retired: before.images.filter((image) => !left.has(imageKey(image))).map(({ name, version, architecture }) => ({ name, version, architecture })),
  };
}

function nothingPublished(directory: string): RbuildError {
  return new RbuildError("repository.nothing-published", `${directory} has nothing whose freshness could be renewed`, {
    category: "not-found",
    hint: `rbuild image publish ${directory}`,
    details: { directory },
  });
}
