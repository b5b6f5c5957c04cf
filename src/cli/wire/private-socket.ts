import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type HeldLock, lock, tryLock } from "../../system/index.ts";

export interface PrivateSocket extends AsyncDisposable {
  /** Does not exist yet; its directory does, and only its owner can look into it. */
  readonly path: string;
}

/** A place for a socket that nobody but this process knows. Removes those of processes that died. */
export async function openPrivateSocket(runRoot: string): Promise<PrivateSocket> {
  const parent = join(runRoot, "api");
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await using _guard = await lock(join(parent, "lock"));
  await sweep(parent);
  const directory = join(parent, randomBytes(4).toString("hex"));
  await mkdir(directory, { mode: 0o700 });
  const held: HeldLock = await lock(join(directory, "lock"));
  return {
    path: join(directory, "s"),
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
      await held[Symbol.asyncDispose]();
    },
  };
}

async function sweep(parent: string): Promise<void> {
  for (const entry of await readdir(parent, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const directory = join(parent, entry.name);
    await using held = await tryLock(join(directory, "lock"));
    if (held) await rm(directory, { recursive: true, force: true });
  }
}
