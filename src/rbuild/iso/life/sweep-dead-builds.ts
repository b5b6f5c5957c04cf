import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { tryLock } from "../../../system/locks.ts";
import type { ContainerHost } from "../../container-host/container-host.ts";

/** Sweeps when a build has died here. Costs a directory listing when none has, and asks the container host nothing then. */
export async function sweepDeadBuilds(places: { readonly containerHost: ContainerHost; readonly stateDirectory: string }): Promise<void> {
  const directory = join(places.stateDirectory, "builds");
  const names: readonly string[] = await readdir(directory).catch(() => []);
  for (const name of names) {
    if (!name.endsWith(".lock") || !(await isFree(join(directory, name)))) continue;
    const { sweepBuilds } = await import("./sweep-builds.ts");
    return void (await sweepBuilds(places));
  }
}

async function isFree(path: string): Promise<boolean> {
  // Not this user's: somebody else's build, for them to sweep.
  await using held = await tryLock(path).catch(() => undefined);
  return held !== undefined;
}
