import { join, resolve } from "node:path";
import { withStep } from "../../../make-runner/index.ts";
import { isRbuildError, RbuildError } from "../../../system/index.ts";
import { noSpace } from "../../pool/pool-errors.ts";
import type { TrustedRoot } from "../../trust/client/root-chain.ts";
import { holdNumbers } from "./hold-numbers.ts";
import { EMPTY_CONTENT, type IndexContent, isSameContent } from "./index-content.ts";
import { daysUntil } from "./life.ts";
import { checkNotBehind } from "./old-copy.ts";
import { type Prepared, readPrepared } from "./prepared/prepared-files.ts";
import type { PublishDependencies, PublishOptions } from "./publication.ts";
import { highestVersion, missingRoots, type PublishedState, readPublished } from "./published-state.ts";
import type { PublisherNumbers } from "./publisher-memory.ts";
import { type SigningContext, signersOf } from "./sign-metadata.ts";
import { highestSigned } from "./signed-versions.ts";
import { checkEmpty, openStaging, type Staging } from "./staging.ts";

/** What one publication works with. */
export interface Work {
  readonly options: PublishOptions;
  readonly dependencies: PublishDependencies;
  readonly staging: Staging;
  /** What clients find now; undefined before the first publication. */
  readonly published: PublishedState | undefined;
  /** What it has: nothing before the first publication. */
  readonly before: IndexContent;
  /** The newest of the checkout. */
  readonly root: TrustedRoot;
  /** Of the checkout, and not in the repository yet. */
  readonly newRoots: readonly TrustedRoot[];
  /** What waits for signatures. */
  readonly prepared: Prepared | undefined;
  readonly memory: PublisherNumbers;
  /** A number that nothing has had. */
  readonly nextVersion: (kind: "freshness" | "index") => Promise<number>;
  /** Opens the signers, once, and sees that they are enough for these roles. */
  readonly sign: (...roles: readonly ("publisher" | "freshness")[]) => Promise<SigningContext>;
}

/**
 * Takes a repository for oneself, verifies what it shows, and that it is not an old copy.
 * @throws RbuildError `repository.busy`, `repository.not-empty`, `repository.old-copy`, `repository.nothing-published`, codes `trust.*`
 */
export async function withWork<T>(choices: PublishOptions, dependencies: PublishDependencies, body: (work: Work) => Promise<T>): Promise<T> {
  const options = { ...choices, directory: resolve(choices.directory) };
  const { directory } = options;
  const { report, roots } = dependencies;
  const work = async () => {
    if ((await highestVersion(directory, "freshness")) === 0) await checkEmpty(directory);
    await using staging = await openStaging(directory);
    await using _numbers = await holdNumbers(directory, dependencies, options.signal);
    const shown = await readShown(options, dependencies, memoryOf(staging));
    const { published, memory } = shown;
    const prepared = usable(await readPrepared(staging, directory), memory, options, dependencies);
    const root = roots.at(-1) as TrustedRoot;
    const nextVersion = async (kind: "freshness" | "index") => {
      const waiting = kind === "index" ? prepared?.request.index?.value.version : prepared?.request.freshness.value.version;
      const taken = [
        await highestSigned(directory, kind, roots, dependencies.clock.now()),
        published?.[kind].version,
        root.root.floors[kind] - 1,
        waiting,
        memory[kind]?.version,
        memory.prepared?.[kind],
      ];
      return Math.max(...taken.map((version) => version ?? 0)) + 1;
    };
    const sign = signing(options, staging, root, dependencies);
    return await body({ ...shown, options, dependencies, staging, root, prepared, nextVersion, sign });
  };
  return withStep(report, { name: "image.publish", subject: directory }, () =>
    work().catch((error: unknown) => {
      throw noSpace(error, (error as NodeJS.ErrnoException).path ?? directory);
    }),
  );
}

/** What a repository shows, verified, and what it lacks. @param memory where the client that looks has its own */
export async function readShown(
  options: PublishOptions,
  dependencies: PublishDependencies,
  memory: string,
): Promise<Pick<Work, "published" | "before" | "memory" | "newRoots">> {
  const { directory, renew = false } = options;
  const published = await readPublished(directory, dependencies.roots, memory);
  if (!published && renew) throw nothingPublished(directory);
  const numbers = await checkNotBehind(published, options, dependencies);
  return { published, before: published?.index ?? EMPTY_CONTENT, memory: numbers, newRoots: await missingRoots(directory, dependencies.roots) };
}

/**
 * What waits for signatures. When it is damaged, its numbers are known from memory alone; with these a renewal goes on, which does nothing else
 * with it: clients must not be kept from a freshness until somebody mends it.
 */
function usable(
  found: Prepared | RbuildError | undefined,
  { prepared: numbers }: PublisherNumbers,
  { renew }: PublishOptions,
  { report }: PublishDependencies,
): Prepared | undefined {
  if (!isRbuildError(found)) return found;
  if (!renew || !numbers) throw found;
  const { code, message, hint } = found;
  report({ kind: "warning.raised", code, message, ...(hint === undefined ? {} : { hint }) });
  return undefined;
}

/** What must be signed anew: the index (and freshness), the freshness alone, or nothing. */
export function neededBy(
  { options, dependencies, published, before, newRoots }: Pick<Work, "options" | "dependencies" | "published" | "before" | "newRoots">,
  content: IndexContent,
): "index" | "freshness" | "nothing" {
  const { life, renew = false } = options;
  const now = dependencies.clock.now();
  const isEndingSoon = (time: string) => daysUntil(time, now) < life.atLeast;
  if (!published || (!renew && (newRoots.length > 0 || !isSameContent(content, before) || isEndingSoon(published.index.expires)))) return "index";
  return renew || newRoots.length > 0 || isEndingSoon(published.freshness.expires) ? "freshness" : "nothing";
}

function signing({ signal }: PublishOptions, staging: Staging, root: TrustedRoot, { clock, openSigners }: PublishDependencies): Work["sign"] {
  let opened: SigningContext["signers"] | undefined;
  return async (...roles) => {
    opened ??= await openSigners();
    const context = { root, signers: opened, staging, now: clock.now(), ...(signal ? { signal } : {}) };
    for (const role of roles) signersOf(role, context);
    return context;
  };
}

export const memoryOf = ({ scratch }: Staging): string => join(scratch, "memory");

function nothingPublished(directory: string): RbuildError {
  return new RbuildError("repository.nothing-published", `${directory} has nothing whose freshness could be renewed`, {
    category: "not-found",
    hint: `rbuild image publish ${directory}`,
    details: { directory },
  });
}
