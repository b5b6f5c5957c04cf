import { mkdir, mkdtemp, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { lock, pathExists, removeTree, tryLock } from "../../system/index.ts";
import { type EnginePlaces, isRootless } from "../engine-places.ts";

/** A directory to build a capsule in, and places for an engine that nobody else uses. Disposing removes all of it. */
export interface CapsuleWork extends AsyncDisposable {
  readonly path: string;
  readonly places: EnginePlaces & { readonly runRoot: string };
}

/** Opens one below a state directory, and removes those of processes that died, with whatever runs or is mounted in them. */
export async function openCapsuleWork(stateDirectory: string): Promise<CapsuleWork> {
  const parent = join(stateDirectory, "capsules");
  await mkdir(parent, { recursive: true, mode: 0o700 });
  // A directory is not seen by another process before its own lock is held.
  await using _turn = await lock(join(stateDirectory, "capsules.lock"));
  for (const name of await readdir(parent)) await removeDead(join(parent, name));
  const path = await mkdtemp(join(parent, "work-"));
  const held = await lock(lockPath(path));
  return {
    path,
    places: placesOf(path),
    async [Symbol.asyncDispose]() {
      await removeWork(path);
      await held[Symbol.asyncDispose]();
    },
  };
}

const lockPath = (path: string): string => join(path, "lock");

/** Sockets need short paths: what ends with the boot is not below the directory where it may be elsewhere. */
function placesOf(path: string): CapsuleWork["places"] {
  const root = join(path, "engine");
  return { root, runRoot: isRootless() ? join(path, "run") : `/run/rbuild-${basename(path)}`, state: join(root, "state") };
}

async function removeDead(path: string): Promise<void> {
  await using held = await tryLock(lockPath(path));
  if (!held) return;
  const places = placesOf(path);
  if (process.getuid?.() === 0 && (await pathExists(places.root))) {
    // An engine that opens a store ends and unmounts what a dead one has left in it.
    const { openOwnEngine } = await import("./open-own-engine.ts");
    await using _engine = await openOwnEngine(places, "session");
  }
  await removeWork(path);
}

async function removeWork(path: string): Promise<void> {
  await removeTree(placesOf(path).runRoot);
  await removeTree(path);
}
