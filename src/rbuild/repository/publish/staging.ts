import { constants } from "node:fs";
import { lchown, link, lstat, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isFileOfSize, namesIn, RbuildError, syncDirectory, tryLock } from "../../../system/index.ts";
import { digestOfFile } from "../../digest-of-file.ts";
import { checkNoLinks } from "./check-links.ts";

/** In a repository, beside what it has: what is being published, and the lock. No client asks for it. */
export const WORK_DIRECTORY = ".publish";

/** What a publication is about to bring into a repository's directory. Disposing removes what was not brought in. */
export interface Staging extends AsyncDisposable {
  /** For files of one's own, on the same file system. */
  readonly scratch: string;
  /** What waits for signatures, if anything does. */
  readonly prepared: string;
  /** Has what was taken, each file at its path. */
  readonly incoming: string;
  /** Takes the bytes for a path of the repository, onto the disk. */
  put(path: string, bytes: Uint8Array): Promise<void>;
  /** Takes a file over that is complete. */
  take(path: string, file: string): Promise<void>;
  /** The same of a file that stays where it is too. */
  link(path: string, file: string): Promise<void>;
  /** Paths and sizes of what was taken, in their order. */
  readonly staged: ReadonlyMap<string, number>;
  /** Gives something to whom the directory belongs. */
  own(path: string): Promise<void>;
  /** Moves files to their places, in this order, and has the disk know of it. */
  bring(paths: readonly string[]): Promise<void>;
}

/**
 * Takes the lock of a repository's directory, which is made unless it is there, and removes what killed publications left.
 * @throws RbuildError `repository.busy`, `repository.link-inside`
 */
export async function openStaging(directory: string): Promise<Staging> {
  const work = join(directory, WORK_DIRECTORY);
  await checkNoLinks(directory, KNOWN);
  await mkdir(work, { recursive: true, mode: 0o755 });
  const held = await tryLock(join(work, "lock"));
  if (!held)
    throw new RbuildError("repository.busy", `another rbuild publishes to ${directory}`, { category: "conflict", hint: "wait for it, then try again" });
  try {
    const own = await ownership(directory);
    for (const path of [work, held.path]) await own(path);
    return await openWork(directory, work, held, own);
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}

type Own = (path: string) => Promise<void>;

/** What root brings belongs to whom the directory belongs, so that a timer without root's rights can renew it. Links that it may make there give it nothing. */
async function ownership(directory: string): Promise<Own> {
  if (process.geteuid?.() !== 0) return async () => undefined;
  const { uid, gid } = await stat(directory);
  return async (path) => {
    const found = await lstat(path);
    if (found.uid !== uid || found.gid !== gid) await lchown(path, uid, gid);
  };
}

async function openWork(directory: string, work: string, held: AsyncDisposable, own: Own): Promise<Staging> {
  const [scratch, incoming] = [join(work, "scratch"), join(work, "new")];
  const clear = () => Promise.all([scratch, incoming].map((path) => rm(path, { recursive: true, force: true })));
  await clear();
  await mkdir(scratch, { mode: 0o700 });
  await mkdir(incoming, { mode: 0o755 });
  const staged = new Map<string, number>();
  const place = async (path: string) => {
    const to = join(incoming, path);
    await mkdir(dirname(to), { recursive: true });
    return to;
  };
  return {
    scratch,
    prepared: join(work, "prepared"),
    incoming,
    own,
    staged,
    async put(path, bytes) {
      const handle = await open(await place(path), constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o644);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      staged.set(path, bytes.byteLength);
    },
    async take(path, file) {
      staged.set(path, await settle(file));
      await rename(file, await place(path));
    },
    async link(path, file) {
      staged.set(path, await settle(file));
      await link(file, await place(path));
    },
    async bring(paths) {
      const parents = new Set<string>();
      for (const path of paths) {
        const to = join(directory, path);
        const made = await mkdir(dirname(to), { recursive: true, mode: 0o755 });
        const highest = made?.length ?? Number.POSITIVE_INFINITY;
        for (let parent = dirname(to); parent.length >= highest; parent = dirname(parent)) await own(parent);
        await own(join(incoming, path));
        await rename(join(incoming, path), to);
        for (let parent = dirname(to); parent.length >= directory.length; parent = dirname(parent)) parents.add(parent);
      }
      for (const parent of parents) await syncDirectory(parent);
    },
    async [Symbol.asyncDispose]() {
      await clear();
      await held[Symbol.asyncDispose]();
    },
  };
}

/** On the disk, and readable for a web server. Returns its size. */
async function settle(file: string): Promise<number> {
  const handle = await open(file, constants.O_RDWR | constants.O_NOFOLLOW);
  try {
    await handle.chmod(0o644);
    await handle.sync();
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

/** The names that may be in a repository's directory before its first publication. */
const KNOWN = new Set([WORK_DIRECTORY, "blobs", "deltas", "encoded", "freshness", "index", "locks", "pool", "root", "verdicts"]);

/** @throws RbuildError `repository.not-empty` when the directory is used for something else */
export async function checkEmpty(directory: string): Promise<void> {
  const other = (await namesIn(directory)).find((name) => !KNOWN.has(name));
  if (other === undefined) return;
  throw new RbuildError("repository.not-empty", `${directory} is no repository and has other things in it, such as ${JSON.stringify(other)}`, {
    category: "refused",
    hint: "name an empty directory, or one that does not exist",
    details: { directory, other },
  });
}

/** Whether a repository has a file: by its size, or with `isHashed` by its bytes. */
export async function hasFile(
  directory: string,
  { path, sha256, size }: { readonly path: string; readonly sha256: string; readonly size: number },
  isHashed: boolean,
): Promise<boolean> {
  const place = join(directory, path);
  if (!(await isFileOfSize(place, size))) return false;
  return !isHashed || (await digestOfFile(place)).digest === sha256;
}
