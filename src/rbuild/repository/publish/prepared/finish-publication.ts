import { RbuildError } from "../../../../system/index.ts";
import type { Freshness } from "../../../trust/format/freshness.ts";
import { repositoryPaths } from "../../../trust/format/paths.ts";
import { type IndexContent, imageKey } from "../index-content.ts";
import { believedUntil, checkLife, daysAfter } from "../life.ts";
import type { PublishDependencies, PublishOptions, PublishOutcome } from "../publication.ts";
import { outcome } from "../publication-outcome.ts";
import { rememberShown } from "../remember-numbers.ts";
import { showState } from "../show-state.ts";
import { type SigningContext, signedByAll, stageFreshness, stageSignedFreshness, withRole } from "../sign-metadata.ts";
import { type Work, withWork } from "../work.ts";
import { addSignatureFiles } from "./add-signature-files.ts";
import { checkFollows, isShown, outdated } from "./check-follows.ts";
import { dropPrepared, keepSignatures, type Prepared, stagePrepared } from "./prepared-files.ts";
import { type SigningProgress, signingProgress } from "./progress.ts";

export interface FinishOptions extends PublishOptions {
  /** Files that `rbuild image sign` wrote. */
  readonly signatureFiles: readonly string[];
  /** Show it; else only keep the signatures. */
  readonly isFinal: boolean;
}

/** Signatures were kept; nothing new is shown yet. */
export interface WaitingOutcome {
  readonly kind: "waiting";
  readonly directory: string;
  readonly repository: string;
  /** Versions that clients will find. */
  readonly index: number;
  readonly freshness: number;
  readonly progress: readonly SigningProgress[];
}

/**
 * Joins signatures to what is prepared, and shows it once there are enough: judged by clients' own code, all of it or nothing. Signers of
 * the freshness that are here sign a new one, which lives longer than the one that was prepared.
 * @throws RbuildError `repository.nothing-prepared`, `repository.prepared-outdated`, `repository.other-signature`,
 *   `repository.too-few-signatures`, and those of `publishImages`
 */
export async function finishPublication(choices: FinishOptions, dependencies: PublishDependencies): Promise<PublishOutcome | WaitingOutcome> {
  return withWork(choices, dependencies, async (work) => {
    const { staging, root, published } = work;
    const prepared = work.prepared ?? nothingPrepared(work);
    const { request } = prepared;
    if (published && isShown(request, published)) return shownAlready(work);
    checkFollows(request, { root, shown: published });
    const context = await work.sign();
    const isRenewed = choices.isFinal && withRole("freshness", context).length >= root.root.roles.freshness.threshold;
    const signatures = await collect(prepared, choices.signatureFiles, { ...context, isRenewed });
    await keepSignatures(staging, signatures);
    const signed = { ...prepared, signatures };
    const progress = await signingProgress(signed, root, context.now);
    if (choices.isFinal) return show(work, signed, progress, { ...context, isRenewed });
    const { repository, freshness } = request;
    const versions = { index: freshness.value.index.version, freshness: freshness.value.version };
    return { kind: "waiting", directory: work.options.directory, repository, ...versions, progress };
  });
}

interface FinishContext extends SigningContext {
  /** Enough signers of a new freshness are here. */
  readonly isRenewed: boolean;
}

async function collect(prepared: Prepared, files: readonly string[], context: FinishContext): Promise<Prepared["signatures"]> {
  const given = await addSignatureFiles(prepared, files, context);
  const { index, freshness } = prepared.request;
  const byIndex = index && (await signedByAll(index.bytes, "publisher", given.index, context));
  const byFreshness = context.isRenewed ? given.freshness : await signedByAll(freshness.bytes, "freshness", given.freshness, context);
  return { ...(byIndex ? { index: byIndex } : {}), ...(byFreshness ? { freshness: byFreshness } : {}) };
}

async function show(work: Work, prepared: Prepared, progress: readonly SigningProgress[], context: FinishContext): Promise<PublishOutcome> {
  const { options, staging, published, root, before } = work;
  const { request, signatures } = prepared;
  const here = withRole("freshness", context).map(({ fingerprint }) => fingerprint);
  const { isRenewed } = context;
  for (const part of progress) if (!part.isEnough && !(isRenewed && part.part === "freshness")) throw tooFew(part, options.directory);
  const newest = published?.freshness.version ?? 0;
  if (!isRenewed && request.freshness.value.version <= newest)
    throw outdated(`freshness ${newest} was signed since; name a signer of a new one with --freshness-signer`, { freshness: newest });

  const content: IndexContent & { readonly expires: string; readonly version: number } = request.index?.value ?? present(published).index;
  const ends = { index: new Date(content.expires), freshness: isRenewed ? daysAfter(context.now, options.life.freshness) : endOf(request.freshness.value) };
  const signedBy = (part: SigningProgress["part"]) => progress.find((each) => each.part === part)?.signed;
  const signers = { publisher: signedBy("index") ?? root.root.roles.publisher.keys, freshness: isRenewed ? here : (signedBy("freshness") ?? []) };
  const believed = await believedUntil(ends, root, signers, context.now);
  checkLife(believed, options.life.atLeast, context.now);

  await stagePrepared(staging, { directory: options.directory, before, content });
  if (request.index && signatures.index) {
    const path = repositoryPaths.index(content.version, request.index.digest);
    await staging.put(repositoryPaths.signature(path), signatures.index);
    await staging.put(path, request.index.bytes);
  }
  const freshness = isRenewed
    ? await stageFreshness(request.freshness.value.index, await work.nextVersion("freshness"), ends.freshness, context)
    : await stageGiven(prepared, work);
  const shown = await showState(work, { content, freshness, until: believed.until, isIndexNew: request.index !== undefined });
  await dropPrepared(staging);
  const known = new Set(before.images.map(imageKey));
  const images = content.images.filter((image) => !known.has(imageKey(image))).map((image) => ({ ...image, digest: image.manifest, state: "new" as const }));
  const deltas = content.deltas.filter(({ path }) => !before.deltas.some((delta) => delta.path === path));
  const named = images.map(({ name, version, architecture, digest, state }) => ({ name, version, architecture, digest, state }));
  return outcome(work, { content, images: named, deltas }, shown);
}

async function stageGiven({ request, signatures }: Prepared, { staging }: Work): Promise<Freshness> {
  const { value, bytes } = request.freshness;
  await stageSignedFreshness(value, bytes, signatures.freshness ?? new Uint8Array(), staging);
  return value;
}

/** The process ended between showing it and taking it away. */
async function shownAlready(work: Work): Promise<PublishOutcome> {
  const { index, freshness } = present(work.published);
  await rememberShown(work, freshness);
  await dropPrepared(work.staging);
  const shown = { kind: "unchanged" as const, index: index.version, freshness: freshness.version, until: freshness.expires, removed: [] };
  return outcome(work, { content: work.before, images: [], deltas: [] }, shown);
}

const endOf = ({ expires }: Freshness): Date => new Date(expires);

function present(published: Work["published"]): NonNullable<Work["published"]> {
  if (!published) throw new TypeError("a request has an index, or follows one");
  return published;
}

function tooFew({ part, role, threshold, signed, missing }: SigningProgress, directory: string): RbuildError {
  const hint = `have ${threshold - signed.length} of ${missing.join(", ")} sign it: rbuild image sign REQUEST; then rbuild image publish ${directory} --add-signature FILE --finish`;
  return new RbuildError("repository.too-few-signatures", `the ${part} has ${signed.length} of the ${threshold} ${role} signatures that it needs`, {
    category: "refused",
    hint,
    details: { part, role, threshold, signed, missing },
  });
}

function nothingPrepared({ options }: Work): never {
  throw new RbuildError("repository.nothing-prepared", `nothing in ${options.directory} waits for signatures`, {
    category: "not-found",
    hint: `rbuild image publish ${options.directory} --prepare FILE`,
    details: { directory: options.directory },
  });
}
