import { withStep } from "../../make-runner/index.ts";
import { canonicalJson, digestOf } from "../../oci/index.ts";
import { RbuildError } from "../../system/index.ts";
import type { LocatedDefinition } from "../definition/read-definition.ts";
import type { RbuildReport } from "../events.ts";
import { COMPATIBILITY_VERSION } from "../images/compatibility.ts";
import { fillPool } from "../pool/fill-pool.ts";
import { openPool, poolDirectory } from "../pool/open-pool.ts";
import type { PoolSource } from "../pool/pool.ts";
import { openAptWorkspace } from "./apt/apt-workspace.ts";
import type { PackageFiles } from "./apt/installed-status.ts";
import { updateIndexes } from "./apt/update-indexes.ts";
import { readSuites, type VerifiedSuite } from "./apt/verified-suite.ts";
import { architecturesOf } from "./architectures.ts";
import { type ArchiveSource, findSources } from "./archive/archive-source.ts";
import { type Choice, choosePackages } from "./choose/choose-packages.ts";
import { packageSet } from "./choose/package-set.ts";
import type { DebianArchitecture, ImageLock, LockedArchive } from "./image-lock.ts";
import type { KeptArchive } from "./kept-files.ts";
import type { LockDependencies, LockedDefinition } from "./lock-operations.ts";
import { wantedOf } from "./wanted.ts";

export type LockedBelow = Pick<LockedDefinition, "located" | "lock" | "lockDigest">;

export interface LockRequest {
  /** The image's last. */
  readonly definitions: readonly LocatedDefinition[];
  readonly below: readonly LockedBelow[];
  readonly old: ImageLock | undefined;
  readonly update?: { readonly lock: ImageLock; readonly names: readonly string[] };
  readonly mirrors: ReadonlyMap<string, string>;
  /** Seconds since 1970. */
  readonly now: number;
}

/** Has APT choose for every architecture, and puts down what it chose from. */
export async function makeLock(
  request: LockRequest,
  dependencies: LockDependencies,
  options: { readonly signal?: AbortSignal },
): Promise<{ readonly lock: ImageLock; readonly kept: readonly KeptArchive[] }> {
  const { definitions, below, old, mirrors, now } = request;
  const located = definitions.at(-1);
  if (!located) throw new TypeError("a chain of definitions is not empty");
  const { definition } = located;
  const sources = await findSources(definitions, mirrors, options);
  const architectures: [DebianArchitecture, Choice][] = [];
  const states: VerifiedSuite[][] = [];
  for (const architecture of architecturesOf(located)) {
    const { suites, choice } = await chooseFor(architecture, sources, request, dependencies, options);
    architectures.push([architecture, choice]);
    states.push(suites);
  }
  const archives = mergeStates(states);
  for (const { locked } of archives) requireNotOlder(locked, old);
  const wanted = await wantedOf(located);
  const [parent] = below.slice(-1);
  const lock: ImageLock = {
    lockVersion: 1,
    compatibilityVersion: COMPATIBILITY_VERSION,
    name: definition.name,
    sourceDateEpoch: Math.max(parent?.lock.sourceDateEpoch ?? 0, ...archives.map(({ locked }) => locked.date)),
    lockedAt: now,
    wanted,
    definition: digestOf(canonicalJson(wanted)),
    ...(parent === undefined ? {} : { from: { name: parent.located.definition.name, lock: parent.lockDigest } }),
    archives: archives.map(({ locked }) => locked),
    architectures: Object.fromEntries(
      architectures.map(([architecture, { packages, offers }]) => [architecture, { packages: [...packages], offers: [...offers] }]),
    ),
  };
  return { lock, kept: archives.map(({ kept }) => kept) };
}

async function chooseFor(
  architecture: DebianArchitecture,
  sources: readonly ArchiveSource[],
  { definitions, below, update, now }: LockRequest,
  { report, stateDirectory }: LockDependencies,
  options: { readonly signal?: AbortSignal },
): Promise<{ readonly suites: VerifiedSuite[]; readonly choice: Choice }> {
  const definition = definitions.at(-1)?.definition;
  if (!definition) throw new TypeError("a chain of definitions is not empty");
  const subject = `${definition.name} ${architecture}`;
  await using workspace = await openAptWorkspace(stateDirectory, architecture, sources, options);
  const suites = await withStep(report, { name: "lock.index", subject }, async () => {
    await updateIndexes(workspace, now);
    return readSuites(workspace, now);
  });
  return await withStep(report, { name: "lock.solve", subject }, async () => {
    await workspace.writePreferences(definitions.flatMap((located) => located.definition.preferences ?? []).join("\n\n"));
    const packagesBelow = below.map(({ lock }) => packagesFor(lock, architecture));
    const choice = await choosePackages({
      definition,
      workspace,
      suites,
      below: packageSet(...packagesBelow.map(({ packages }) => packages)),
      ownerBelow: (name) => below.findLast((_, index) => packagesBelow[index]?.packages.some((entry) => entry.name === name))?.lock.name ?? definition.name,
      files: await openFiles(sources, stateDirectory, report, options),
      ...(update ? { update: { current: packagesFor(update.lock, architecture), names: update.names } } : {}),
    });
    return { suites, choice };
  });
}

/** The pool, and the mirrors that packages are chosen from: they keep what their indexes no longer name for a while. */
async function openFiles(
  sources: readonly ArchiveSource[],
  stateDirectory: string,
  report: RbuildReport,
  options: { readonly signal?: AbortSignal },
): Promise<PackageFiles> {
  const pool = await openPool(poolDirectory(stateDirectory));
  const mirrors = sources.map(
    ({ archive, mirror: { url, proxy } }): PoolSource => ({ kind: "mirror", archive, url, ...(proxy === undefined ? {} : { proxy }) }),
  );
  return {
    has: (item) => pool.has(item),
    read: (item) => pool.read(item),
    async fetch(packages) {
      await fillPool(packages, pool, { sources: mirrors, ...options }, report);
    },
  };
}

/** @throws RbuildError `lock.no-architecture` */
function packagesFor({ name, architectures }: ImageLock, architecture: DebianArchitecture): Choice {
  const locked = architectures[architecture];
  if (locked) return locked;
  throw new RbuildError("lock.no-architecture", `the lock of ${name} has no packages for ${architecture}`, {
    category: "refused",
    hint: `name it in architectures: of ${name}'s definition, and: rbuild image lock ${name}`,
    details: { name, architecture },
  });
}

/** The same suites, read once for each architecture: their states must be one. */
function mergeStates(states: readonly (readonly VerifiedSuite[])[]): { readonly locked: LockedArchive; readonly kept: KeptArchive }[] {
  const [first = [], ...others] = states;
  return first.map(({ locked, kept }, index) => {
    const rest = others.map((suites) => suites[index]?.locked);
    if (rest.some((other) => other?.inRelease !== locked.inRelease)) {
      throw new RbuildError("lock.archive-moved", `the archive ${locked.archive} ${locked.suite} changed while packages were chosen`, {
        category: "unavailable",
        hint: "rbuild image lock again",
      });
    }
    const indexes = [locked, ...rest].flatMap((one) => one?.indexes ?? []);
    return { locked: { ...locked, indexes: indexes.sort((left, right) => (left.path < right.path ? -1 : 1)) }, kept };
  });
}

/** @throws RbuildError `lock.archive-older` */
function requireNotOlder({ archive, suite, date }: LockedArchive, old: ImageLock | undefined): void {
  const before = old?.archives.find((other) => other.archive === archive && other.suite === suite);
  if (!before || before.date <= date) return;
  const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000", "");
  throw new RbuildError(
    "lock.archive-older",
    `the mirror has ${archive} ${suite} as of ${iso(date)}; the lock is of ${iso(before.date)} already: the mirror is behind, or somebody plays back an old state`,
    {
      category: "untrusted",
      hint: "use another mirror: --mirror URL; or remove the lock file to go back on purpose",
      details: { archive, suite, date, locked: before.date },
    },
  );
}
