import { dirname, join } from "node:path";
import { isRbuildError, isSystemError, RbuildError, readFileIfExists } from "../../../system/index.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";
import { DEFINITION_FILE } from "../../definition/defined-names.ts";
import { openGit } from "../../iso/git/git.ts";
import { type ImageLock, LOCK_FILE, MAX_LOCK_BYTES } from "../image-lock.ts";
import { parseLock } from "../read-lock.ts";
import type { ReadSide } from "./diff-images.ts";
import { readEnginePackages } from "./engine-packages.ts";

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** Images that stand on each other. */
const MAX_CHAIN = 32;

export interface SideDependencies {
  readonly imageDirectories: readonly string[];
  /** Opened only for an image of the engine. */
  readonly containerHost: () => Promise<ContainerHost>;
}

/**
 * What one argument of `rbuild image diff` names: an image's lock in the tree (`base`), as of a revision of Git (`base@main`), a lock file,
 * or an image in the engine (`engine:REFERENCE`, or whatever is none of the others).
 * @throws RbuildError `diff.no-lock`, `diff.unknown-image`, `diff.no-packages`, `lock.invalid`
 */
export async function readSide(text: string, dependencies: SideDependencies): Promise<ReadSide> {
  if (text.startsWith("engine:")) return engineSide(text, text.slice("engine:".length), dependencies);
  const [, name, revision] = /^([^@/:]+)@([^-].*)$/.exec(text) ?? [];
  if (name !== undefined && NAME.test(name) && revision !== undefined && !isDigestText(revision)) {
    return lockSide(text, await readChain(name, (each) => lockOfRevision(each, revision, dependencies)), `${name} has no ${LOCK_FILE} in ${revision}`);
  }
  if (NAME.test(text)) {
    const locks = await readChain(text, (each) => lockOfTree(each, dependencies));
    if (locks || (await isDefined(text, dependencies))) return lockSide(text, locks, `the image ${text} has no ${LOCK_FILE}`, `rbuild image lock ${text}`);
  }
  const file = await readLockFile(text);
  if (!file) return engineSide(text, text, dependencies);
  const others = dirname(dirname(text));
  return lockSide(text, await chainBelow(file, (each) => readLockFile(join(others, each, LOCK_FILE))), text);
}

const isDigestText = (revision: string): boolean => revision.startsWith("sha256:");

type LockChain = Pick<ReadSide & { kind: "lock" }, "locks" | "missing">;

type ReadOne = (name: string) => Promise<ImageLock | undefined>;

async function readChain(name: string, read: ReadOne): Promise<LockChain | undefined> {
  const top = await read(name);
  return top && chainBelow(top, read);
}

async function chainBelow(top: ImageLock, read: ReadOne): Promise<LockChain> {
  const locks = [top];
  for (let below = top.from?.name; below !== undefined; below = locks[0]?.from?.name) {
    const lock = NAME.test(below) && locks.length < MAX_CHAIN ? await read(below) : undefined;
    if (!lock) return { locks, missing: below };
    locks.unshift(lock);
  }
  return { locks, missing: undefined };
}

function lockSide(label: string, chain: LockChain | undefined, absent: string, hint = "rbuild image list"): ReadSide {
  if (!chain) throw new RbuildError("diff.no-lock", absent, { category: "not-found", hint, details: { label } });
  return { kind: "lock", label, ...chain };
}

async function lockOfTree(name: string, { imageDirectories }: SideDependencies): Promise<ImageLock | undefined> {
  for (const directory of imageDirectories) {
    const lock = await readLockFile(join(directory, name, LOCK_FILE));
    if (lock) return lock;
    if (await isDefined(name, { imageDirectories: [directory] })) return undefined;
  }
  return undefined;
}

async function isDefined(name: string, { imageDirectories }: Pick<SideDependencies, "imageDirectories">): Promise<boolean> {
  for (const directory of imageDirectories) if (await readFileIfExists(join(directory, name, DEFINITION_FILE), MAX_LOCK_BYTES)) return true;
  return false;
}

/** @throws RbuildError `diff.unknown-revision` when no repository that has image definitions knows it */
async function lockOfRevision(name: string, revision: string, { imageDirectories }: SideDependencies): Promise<ImageLock | undefined> {
  let isKnown = false;
  for (const directory of imageDirectories) {
    const git = await openGit(directory).catch((error: unknown) => {
      if (isSystemError(error, "ENOENT", "ENOTDIR")) return undefined;
      throw error;
    });
    const okCodes = [0, 1, 128];
    const commit = await git?.run(["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`], { okCodes });
    if (!git || commit?.exitCode !== 0) continue;
    isKnown = true;
    const blob = await git.run(["cat-file", "blob", `${commit.stdout.trim()}:./${name}/${LOCK_FILE}`], { okCodes });
    if (blob.exitCode === 0) return parseLock(blob.stdout, `${revision}:images/${name}/${LOCK_FILE}`);
  }
  if (isKnown) return undefined;
  throw new RbuildError("diff.unknown-revision", `${JSON.stringify(revision)} is no commit of a repository that has image definitions`, {
    category: "not-found",
    hint: "git log --oneline -- images",
    details: { revision, imageDirectories },
  });
}

async function readLockFile(path: string): Promise<ImageLock | undefined> {
  try {
    const bytes = await readFileIfExists(path, MAX_LOCK_BYTES);
    return bytes && parseLock(bytes.toString("utf8"), path);
  } catch (error) {
    if (isRbuildError(error, "file.not-regular") || isSystemError(error, "ENAMETOOLONG")) return undefined;
    throw error;
  }
}

async function engineSide(label: string, reference: string, { containerHost }: SideDependencies): Promise<ReadSide> {
  const { architecture, packages } = await readEnginePackages(await containerHost(), reference);
  return { kind: "engine", label, lists: { [architecture]: { packages, offers: [] } } };
}
