import { resolve } from "node:path";
import { writeFileAtomic } from "../../../../system/index.ts";
import { writeCanonical } from "../../../trust/format/canonical.ts";
import { type Gathered, gatherContent } from "../gather-content.ts";
import { believedUntil, checkLife, daysAfter } from "../life.ts";
import type { PublishDependencies, PublishOptions, PublishOutcome } from "../publication.ts";
import { outcome, putFilesBack } from "../publication-outcome.ts";
import type { PublishedState } from "../published-state.ts";
import { rememberPrepared } from "../remember-numbers.ts";
import { freshnessOf, indexBytes, signedByAll } from "../sign-metadata.ts";
import { neededBy, type Work, withWork } from "../work.ts";
import { type Prepared, setAside } from "./prepared-files.ts";
import { type SigningProgress, signingProgress } from "./progress.ts";
import { readRequest, writeRequest } from "./signing-request.ts";

/** What waits for signatures, and whose. */
export interface PreparedOutcome extends Omit<PublishOutcome, "kind"> {
  readonly kind: "prepared";
  /** To be carried to those who sign. */
  readonly request: { readonly path: string; readonly size: number; readonly digest: string };
  readonly progress: readonly SigningProgress[];
  /** Version of the index that was prepared before, and is dropped. */
  readonly replaced?: number;
}

/**
 * Makes everything that `publishImages` would, but shows nothing: it waits in the repository's `.publish/`, and what others must sign is
 * written to a file. Signers that are here sign at once.
 * @returns `unchanged` when there is nothing to be signed
 * @throws RbuildError as `publishImages`
 */
export async function preparePublication(
  choices: PublishOptions & { readonly request: string },
  dependencies: PublishDependencies,
): Promise<PreparedOutcome | PublishOutcome> {
  return withWork(choices, dependencies, async (work) => {
    const gathered = await gatherContent(work.options, work.before, work.staging, dependencies, async () => undefined);
    const needed = neededBy(work, gathered.content);
    if (needed === "nothing") return putFilesBack(work, gathered);
    return setAsideForSigning(work, gathered, { path: resolve(choices.request), isIndexNew: needed === "index" });
  });
}

async function setAsideForSigning(
  work: Work,
  gathered: Gathered,
  { path, isIndexNew }: { readonly path: string; readonly isIndexNew: boolean },
): Promise<PreparedOutcome> {
  const { options, staging, published, root, prepared } = work;
  const context = await work.sign();
  const { now } = context;
  const { life } = options;
  const old = isIndexNew ? undefined : published;
  const ends = { freshness: daysAfter(now, life.freshness), index: old ? new Date(old.index.expires) : daysAfter(now, life.index) };
  const { publisher, freshness: freshnessRole } = root.root.roles;
  const believed = await believedUntil(ends, root, { publisher: publisher.keys, freshness: freshnessRole.keys }, now);
  checkLife(believed, life.atLeast, now);

  const index = old ? undefined : indexBytes(gathered.content, await work.nextVersion("index"), { ...context, expires: ends.index });
  const reference = index?.reference ?? published?.freshness.index;
  if (!reference) throw new TypeError("without a new index there is an old one");
  const freshness = freshnessOf(reference, await work.nextVersion("freshness"), { ...context, expires: ends.freshness });
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  const request = readRequest(
    writeRequest({
      repository: root.root.repository,
      root: { version: root.root.version, sha256: root.digest },
      ...(published ? { follows: followed(published) } : {}),
      ...(index ? { index: text(index.bytes) } : {}),
      freshness: text(writeCanonical(freshness)),
    }),
    path,
  );
  const signatures: { index?: Uint8Array; freshness?: Uint8Array } = {};
  const byIndex = request.index && (await signedByAll(request.index.bytes, "publisher", undefined, context));
  const byFreshness = await signedByAll(request.freshness.bytes, "freshness", undefined, context);
  if (byIndex) signatures.index = byIndex;
  if (byFreshness) signatures.freshness = byFreshness;
  const shown = outcome(work, gathered, {
    kind: "published",
    index: reference.version,
    freshness: freshness.version,
    until: freshness.expires,
    removed: [],
  });
  await rememberPrepared(work, { index: reference.version, freshness: freshness.version });
  await setAside(staging, request.bytes, signatures);
  await writeFileAtomic(path, request.bytes);
  const dropped = prepared?.request.index?.value.version;
  return {
    ...shown,
    kind: "prepared",
    request: { path, size: request.bytes.byteLength, digest: request.digest },
    progress: await signingProgress({ request, signatures }, root, now),
    ...(dropped === undefined ? {} : { replaced: dropped }),
  };
}

/** What a prepared publication follows: the state that is shown. */
export function followed({ index, freshness }: PublishedState): NonNullable<Prepared["request"]["follows"]> {
  return { index: { version: index.version, sha256: freshness.index.sha256 }, freshness: { version: freshness.version } };
}
