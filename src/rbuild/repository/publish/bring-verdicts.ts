import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { withStep } from "../../../make-runner/index.ts";
import { entriesBelow } from "../../../system/entries-below.ts";
import { isSystemError, RbuildError } from "../../../system/index.ts";
import { readSigned, type TrustedRoot } from "../../trust/client/root-chain.ts";
import type { RepositoryIndex } from "../../trust/format/index-file.ts";
import { repositoryPaths } from "../../trust/format/paths.ts";
import { openDirectorySource } from "../../trust/index.ts";
import { MAX_BYTES } from "../../trust/limits.ts";
import { isRefusal, type Refusal, refusal } from "../../trust/refusal.ts";
import { judgeVerdict, type SignedVerdict } from "../../trust/verdicts/judge-verdict.ts";
import { parseVerdict, type Verdict } from "../../trust/verdicts/statement.ts";
import type { PublishDependencies } from "./publication.ts";
import { readPublished } from "./published-state.ts";
import { openStaging, type Staging } from "./staging.ts";

export interface VerdictsOptions {
  /** The repository. */
  readonly directory: string;
  /** A verdict, its signature beside it; or a directory with any number of them, at any depth. */
  readonly from: string;
  readonly signal?: AbortSignal;
}

/** What became of one verdict. */
export type VerdictOutcome =
  | (Pick<Verdict, "name" | "version" | "architecture" | "rebuilder" | "revision" | "verdict"> & {
      readonly state: "new" | "present";
      /** In the repository. */
      readonly path: string;
    })
  | { readonly state: "refused"; readonly path: string; readonly code: string; readonly message: string };

export interface VerdictsOutcome {
  readonly directory: string;
  readonly verdicts: readonly VerdictOutcome[];
}

/** Files of one directory that are looked at. */
const MAX_CANDIDATES = 10_000;

/**
 * Brings rebuilders' verdicts into a repository, as clients with the newest root will judge them. Nothing is signed and nothing that is there
 * changes: what was published of a verdict stays.
 * @throws RbuildError `repository.nothing-published`, `repository.no-verdicts`, `repository.busy`, codes `trust.*` of the repository itself
 */
export async function bringVerdicts(
  options: VerdictsOptions,
  { roots, report, clock }: Pick<PublishDependencies, "roots" | "report" | "clock">,
): Promise<VerdictsOutcome> {
  const directory = resolve(options.directory);
  const root = roots.at(-1) as TrustedRoot;
  return withStep(report, { name: "image.verdicts", subject: directory }, async () => {
    const candidates = await findCandidates(resolve(options.from));
    await using staging = await openStaging(directory);
    const published = await readPublished(directory, roots, join(staging.scratch, "memory"));
    if (!published) throw nothingPublished(directory);
    const verdicts: VerdictOutcome[] = [];
    const good: { readonly path: string; readonly judged: SignedVerdict }[] = [];
    const refuse = (path: string, { code, message }: Refusal) => verdicts.push({ state: "refused", path, code, message });
    for (const path of candidates) {
      options.signal?.throwIfAborted();
      const judged = await judge(path, published.index, root, clock.now());
      if (isRefusal(judged)) refuse(path, judged);
      else good.push({ path, judged });
    }
    for (const { path, judged } of good.sort((left, right) => left.judged.revision - right.judged.revision)) {
      const state = await stage(judged, directory, staging);
      if (isRefusal(state)) refuse(path, state);
      else verdicts.push({ ...said(judged), state });
    }
    await staging.bring([...staging.staged.keys()]);
    return { directory, verdicts };
  });
}

async function findCandidates(from: string): Promise<string[]> {
  const found = await stat(from).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  });
  if (found?.isFile()) return [from];
  const entries = found ? await entriesBelow(from) : [];
  const paths = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".json")).map(({ parentPath, name }) => join(parentPath, name));
  if (paths.length > 0 && paths.length <= MAX_CANDIDATES) return paths.sort();
  const why = paths.length === 0 ? "there is no verdict" : `there are more than ${MAX_CANDIDATES} verdicts`;
  throw new RbuildError("repository.no-verdicts", `${why} in ${from}`, {
    category: "invalid",
    hint: "name a directory that rbuild image attest wrote to, or one of its files",
    details: { from },
  });
}

async function judge(path: string, index: RepositoryIndex, root: TrustedRoot, now: Date): Promise<SignedVerdict | Refusal> {
  const file = await readSigned(openDirectorySource(dirname(path)), basename(path), MAX_BYTES.verdict);
  if (file === undefined) return refusal("trust.missing-file", `${path} is no file`);
  if (isRefusal(file)) return file;
  const parsed = parseVerdict(file.bytes, path);
  if (isRefusal(parsed)) return parsed;
  const image = index.images.find(({ manifest }) => manifest === parsed.manifest);
  if (!image)
    return refusal("trust.verdict-wrong-image", `${path} is about ${parsed.name} ${parsed.version} with the digest ${parsed.manifest}, which is not published`);
  return judgeVerdict(file, { image, rebuilder: parsed.rebuilder, revision: parsed.revision }, root, { now, what: path });
}

async function stage(verdict: SignedVerdict, directory: string, staging: Staging): Promise<"new" | "present" | Refusal> {
  const { manifest, rebuilder, revision, name, version } = verdict;
  const pathOf = (each: number) => repositoryPaths.verdict(manifest, rebuilder, each);
  const path = pathOf(revision);
  const what = `revision ${revision} of ${rebuilder} on ${name} ${version}`;
  const readIn = (place: string, each: number) => openDirectorySource(place).read(pathOf(each), MAX_BYTES.verdict);
  for (const place of [directory, staging.incoming]) {
    const there = await readIn(place, revision);
    if (there.kind === "absent") continue;
    if (there.kind === "bytes" && Buffer.compare(there.bytes, verdict.bytes) === 0) return "present";
    return refusal("trust.verdict-equivocation", `${what} is another than the one that is published: what a rebuilder said under a number never changes`);
  }
  const before = revision === 1 ? [] : [await readIn(directory, revision - 1), await readIn(staging.incoming, revision - 1)];
  if (before.length > 0 && before.every(({ kind }) => kind === "absent"))
    return refusal("trust.verdict-gap", `${what} cannot be found by anybody while there is no revision ${revision - 1}`);
  await staging.put(repositoryPaths.signature(path), verdict.signature);
  await staging.put(path, verdict.bytes);
  return "new";
}

function said({ name, version, architecture, manifest, rebuilder, revision, verdict }: SignedVerdict) {
  return { name, version, architecture, rebuilder, revision, verdict, path: repositoryPaths.verdict(manifest, rebuilder, revision) };
}

function nothingPublished(directory: string): RbuildError {
  return new RbuildError("repository.nothing-published", `${directory} has no images that verdicts could be about`, {
    category: "not-found",
    hint: `rbuild image publish ${directory}`,
    details: { directory },
  });
}
