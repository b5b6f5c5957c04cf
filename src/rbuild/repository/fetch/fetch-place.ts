import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { lock, tryLock } from "../../../system/index.ts";
import type { RbuildReport } from "../../events.ts";
import { openPool } from "../../pool/open-pool.ts";
import type { Pool, PoolItem } from "../../pool/pool.ts";

/** Where one fetch works: `<state>/fetch`. Nothing in it is used by anything else. */
export interface FetchPlace extends AsyncDisposable {
  /** Files as the index names them, and parts of them; they stay for the next fetch until an image is in the engine. */
  readonly files: Pool;
  /** Ends with the fetch, also when it was killed. */
  readonly directory: string;
  /** A new directory in it. */
  make(name: string): Promise<string>;
  /** The image is in the engine: its files are needed no more. */
  forget(items: readonly PoolItem[]): Promise<void>;
}

/** Fetches of one state directory happen one after the other. */
export async function openFetchPlace(stateDirectory: string, report: RbuildReport, signal?: AbortSignal): Promise<FetchPlace> {
  const root = join(stateDirectory, "fetch");
  const path = join(root, "lock");
  let held = await tryLock(path);
  if (!held) {
    report({ kind: "warning.raised", code: "repository.waiting", message: "another rbuild fetches images now; waiting for it" });
    held = await lock(path, signal ? { signal } : {});
  }
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.use(held);
  const directory = join(root, "work");
  const sweep = () => rm(directory, { recursive: true, force: true });
  await sweep();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  cleanUp.defer(sweep);
  const files = await openPool(join(root, "files"));
  const kept = cleanUp.move();
  return {
    files,
    directory,
    async make(name) {
      const made = join(directory, name);
      await mkdir(made, { recursive: true });
      return made;
    },
    async forget(items) {
      for (const { sha256 } of items) await rm(files.pathOf(sha256), { force: true });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
