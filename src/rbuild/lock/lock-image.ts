import { join } from "node:path";
import { canonicalJson, digestHex, digestOf } from "../../oci/index.ts";
import { isRbuildError, lock as lockFile, nearNames, RbuildError, systemClock } from "../../system/index.ts";
import { readDefinitions } from "../definition/find-definition.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import { COMPATIBILITY_VERSION } from "../images/compatibility.ts";
import { architecturesOf } from "./architectures.ts";
import { changeText } from "./change-text.ts";
import { checkLock } from "./check-lock.ts";
import { comparePackages } from "./diff/compare-packages.ts";
import { type ImageLock, LOCK_FILE } from "./image-lock.ts";
import { type KeptArchive, readKept } from "./kept-files.ts";
import { lockDigest } from "./lock-digest.ts";
import type { LockDependencies, LockImage, LockOptions, LockOutcome, LockState } from "./lock-operations.ts";
import { belowOf, requireCurrent } from "./locked-chain.ts";
import { type LockedBelow, makeLock } from "./make-lock.ts";
import { writeLock } from "./write-lock.ts";

/**
 * Makes an image's lock, unless it is that of its definition already; `refresh` and `update` choose from the archive as it is now. When
 * that gives the same packages, the lock stays as it is.
 * @throws RbuildError codes `lock.*`, `mirror.*`, `definition.*`
 */
export const lockImage: LockImage = async (options, dependencies) => {
  const definitions = await readDefinitions(options.name, dependencies.imageDirectories);
  const located = definitions.at(-1);
  if (!located) throw new TypeError("a chain of definitions is not empty");
  const abort = options.signal === undefined ? {} : { signal: options.signal };
  const place = digestHex(digestOf(located.directory)).slice(0, 16);
  await using _alone = await lockFile(join(dependencies.stateDirectory, "apt", "images", place), abort);
  const below = await readBelow(definitions.slice(0, -1));
  const state = await readState(located, below.at(-1), options);
  const old = state.kind === "absent" ? undefined : state.lock;
  const finish = (lock: ImageLock, kept: readonly KeptArchive[] | undefined) => finishLock(located, old, lock, kept, dependencies);

  if (state.kind === "current" && !options.refresh && !options.update && hasAll(state.lock, located)) {
    if (state.lock.compatibilityVersion === COMPATIBILITY_VERSION) return await finish(state.lock, undefined);
    const kept = await Promise.all(state.lock.archives.map((archive) => readKept(located.directory, archive)));
    return await finish({ ...state.lock, compatibilityVersion: COMPATIBILITY_VERSION }, kept);
  }
  const update = options.update && requireUpdatable(options.update, state, below, options.name);
  const made = await makeLock(
    { definitions, below, old, ...(update ? { update } : {}), mirrors: options.mirrors ?? new Map(), now: now() },
    dependencies,
    abort,
  );
  if (old && saysTheSame(old, made.lock) && (await isKept(located.directory, old))) return await finish(old, undefined);
  return await finish(made.lock, made.kept);
};

const now = (): number => Math.floor(systemClock.now().getTime() / 1000);

async function readBelow(definitions: readonly LocatedDefinition[]): Promise<LockedBelow[]> {
  const below: LockedBelow[] = [];
  for (const located of definitions) {
    const { lock, digest } = requireCurrent(located, await checkLock(located, belowOf(below.at(-1))));
    below.push({ located, lock, lockDigest: digest });
  }
  return below;
}

async function readState(located: LocatedDefinition, below: LockedBelow | undefined, { refresh }: LockOptions): Promise<LockState> {
  try {
    return await checkLock(located, belowOf(below));
  } catch (error) {
    // Whoever wants all chosen anew does not mind what the file says.
    if (refresh && (isRbuildError(error, "lock.invalid") || isRbuildError(error, "lock.duplicate-package"))) return { kind: "absent" };
    throw error;
  }
}

const hasAll = ({ architectures }: ImageLock, located: LocatedDefinition): boolean =>
  architecturesOf(located).every((architecture) => architectures[architecture] !== undefined);

/** @throws RbuildError `lock.missing`, `lock.update-of-changed`, `lock.not-locked` */
function requireUpdatable(names: readonly string[], state: LockState, below: readonly LockedBelow[], image: string) {
  if (state.kind === "absent") {
    throw new RbuildError("lock.missing", `the image ${image} has no lock in which packages could move`, {
      category: "refused",
      hint: `rbuild image lock ${image}`,
    });
  }
  if (state.kind === "stale" && state.field !== "from") {
    throw new RbuildError(
      "lock.update-of-changed",
      `of ${image} nothing was to move but ${names.join(", ")}, and its definition has changed: ${changeText(state)}`,
      {
        category: "refused",
        hint: `take the change back, or have all chosen: rbuild image lock ${image}`,
        details: { field: state.field, was: state.was, is: state.is },
      },
    );
  }
  const known = new Set(
    [...below.map(({ lock }) => lock), state.lock].flatMap(({ architectures }) =>
      Object.values(architectures).flatMap(({ packages, offers }) => [...packages, ...offers].map(({ name }) => name)),
    ),
  );
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return { lock: state.lock, names };
  const near = nearNames(unknown, known);
  throw new RbuildError("lock.not-locked", `the lock of ${image} and those it stands on have no package ${unknown}`, {
    category: "not-found",
    hint: near.length > 0 ? `there is ${near.join(", ")}` : "add it to packages: in the definition",
    details: { package: unknown, near },
  });
}

/** Whether what the lock keeps of its archives is beside it. */
async function isKept(directory: string, { archives }: ImageLock): Promise<boolean> {
  const kept = await Promise.allSettled(archives.map((archive) => readKept(directory, archive)));
  return kept.every(({ status }) => status === "fulfilled");
}

/** Other states of the archives that give the same packages are no reason for another image. */
function saysTheSame(old: ImageLock, { wanted, from, compatibilityVersion, architectures }: ImageLock): boolean {
  return canonicalJson({ ...old, lockedAt: 0 }) === canonicalJson({ ...old, lockedAt: 0, wanted, from, compatibilityVersion, architectures });
}

async function finishLock(
  { directory, definition: { name } }: LocatedDefinition,
  old: ImageLock | undefined,
  lock: ImageLock,
  kept: readonly KeptArchive[] | undefined,
  { report }: LockDependencies,
): Promise<LockOutcome> {
  const path = join(directory, LOCK_FILE);
  if (kept) await writeLock(directory, lock, kept);
  const outcome = { name, lock, digest: lockDigest(lock), path, changed: kept !== undefined, changes: comparePackages(old?.architectures, lock.architectures) };
  report({ kind: "lock.written", name, path, digest: outcome.digest, changed: outcome.changed, changes: outcome.changes.length });
  return outcome;
}
