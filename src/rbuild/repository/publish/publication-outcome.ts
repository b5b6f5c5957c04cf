import type { Gathered } from "./gather-content.ts";
import { retiredImages } from "./index-content.ts";
import type { PublishOutcome } from "./publication.ts";
import { rememberShown } from "./remember-numbers.ts";
import type { Work } from "./work.ts";

export function outcome(
  { options, root, staging, before }: Work,
  { content, images, deltas }: Gathered,
  shown: Pick<PublishOutcome, "kind" | "index" | "freshness" | "until" | "removed">,
): PublishOutcome {
  return {
    ...shown,
    directory: options.directory,
    repository: root.root.repository,
    images,
    deltas: deltas.map(({ path, size, from, to }) => ({ path, size, from, to })),
    written: [...staging.staged].map(([path, size]) => ({ path, size })),
    removed: shown.removed.map(({ path, size }) => ({ path, size })),
    retired: retiredImages(before, content),
  };
}

/** Where nothing is to be signed: files that were missing or damaged are put back, if any were. */
export async function putFilesBack(work: Work, gathered: Gathered): Promise<PublishOutcome> {
  const { staging, published } = work;
  if (!published) throw new TypeError("before the first publication an index is needed");
  const repaired = [...staging.staged.keys()];
  await staging.bring(repaired);
  await rememberShown(work, published.freshness);
  const { index, freshness } = published;
  const until = [freshness.expires, index.expires].sort()[0] ?? "";
  const kind = repaired.length > 0 ? "repaired" : "unchanged";
  return outcome(work, gathered, { kind, index: index.version, freshness: freshness.version, until, removed: [] });
}
