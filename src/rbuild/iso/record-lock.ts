import { lchown, readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../../oci/index.ts";
import { systemClock } from "../../system/index.ts";
import { replaceLock } from "../lock/write-lock.ts";
import { poolDirectory } from "../pool/open-pool.ts";
import { readRbuildYaml } from "./config/read-rbuild-yaml.ts";
import { findOwner, type Owner } from "./export/owner.ts";
import type { IsoDependencies, IsoOptions } from "./iso.ts";
import { cleanly } from "./life/cleanly.ts";
import { readTreeLock, type TreeLockState, wantedOfTree } from "./locked/read-tree-lock.ts";
import { resolveFetched } from "./locked/resolve-fetched.ts";
import { readSignedSuites } from "./locked/signed-suites.ts";
import { TREE_LOCK_DIRECTORY, TREE_LOCK_FILE, type TreeLock, treeLockDigest } from "./locked/tree-lock.ts";
import { treeLockText } from "./locked/tree-lock-text.ts";
import { makeTree } from "./make-tree.ts";
import { notDeclared } from "./supply/choose-supply.ts";
import { fillFromSources } from "./vendor-lock.ts";

export interface RecordOutcome {
  readonly path: string;
  readonly digest: Digest;
  /** False: the file says the same already and was left alone. */
  readonly changed: boolean;
  /** Packages that came, went or moved against the lock that was there. */
  readonly changes: number;
  readonly packages: number;
  /** Bytes of packages and index files. */
  readonly size: number;
}

/**
 * Makes a tree's lock: builds the tree once, with changes or without, from the declared suites alone, and records what the
 * build fetched. The pool has all of it afterwards. What was built is thrown away.
 * @throws RbuildError `lock.not-declared`, `lock.not-in-index`, `lock.not-declared-archive`, and those of `buildIso`
 */
export async function recordLock(options: IsoOptions, dependencies: IsoDependencies): Promise<RecordOutcome> {
  const { report, stateDirectory, clock = systemClock } = dependencies;
  const directory = await realpath(options.directory);
  const wanted = (await readRbuildYaml(directory)).lock;
  if (!wanted) throw notDeclared(directory);
  const at = Math.floor(clock.now().getTime() / 1000);
  const signal = options.signal ? { signal: options.signal } : {};

  const states = await readSignedSuites({ directory, wanted, mirrors: options.sources?.mirrors ?? new Map(), at }, dependencies, signal);
  const served = await cleanly(dependencies, async (cleanUp) => {
    const { prepared } = await makeTree({ ...options, ignoreChanges: true }, dependencies, { cleanUp, purpose: "record" });
    return (await prepared.requests?.())?.served ?? [];
  });
  const lock: TreeLock = { lockVersion: 1, lockedAt: at, wanted: await wantedOfTree(directory, wanted), ...resolveFetched(served, states.suites) };

  const filled = await fillFromSources(lock, { directory, wanted, pool: poolDirectory(stateDirectory) }, options, report);

  const before = await readTreeLock(directory, wanted).catch(() => ({ kind: "absent" }) as const);
  const [digest, path] = [treeLockDigest(lock), join(directory, TREE_LOCK_FILE)];
  const changed = before.kind !== "current" || before.digest !== digest;
  if (changed) {
    const beside = join(directory, TREE_LOCK_DIRECTORY);
    await replaceLock({ path, text: treeLockText(lock), beside }, lock.archives, states.kept);
    await giveToOwner([path, beside, ...(await readdir(beside)).map((name) => join(beside, name))], await findOwner(directory));
  }
  const changes = countChanges(before, lock);
  report({ kind: "lock.written", name: TREE_LOCK_FILE, path, digest, changed, changes });
  return { path, digest, changed, changes, packages: lock.packages.length, size: filled.size };
}

/** To be committed by whoever called sudo. */
async function giveToOwner(paths: readonly string[], { uid, gid }: Owner): Promise<void> {
  if (process.geteuid?.() === 0) for (const path of paths) await lchown(path, uid, gid);
}

function countChanges(before: TreeLockState, lock: TreeLock): number {
  const keys = ({ packages }: Pick<TreeLock, "packages">) => new Set(packages.map(({ archive, path, sha256 }) => `${archive}/${path} ${sha256}`));
  const [was, is] = [keys(before.kind === "absent" ? { packages: [] } : before.lock), keys(lock)];
  return was.symmetricDifference(is).size;
}
