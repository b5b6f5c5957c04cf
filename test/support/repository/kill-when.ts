import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";

/** Kills the whole group, the launcher and what it runs, as soon as something is so. */
export async function killWhen(child: ChildProcess, isReached: () => boolean): Promise<void> {
  const ended = once(child, "exit");
  const deadline = Date.now() + 20_000;
  while (child.exitCode === null && Date.now() < deadline && !isReached()) await turn();
  if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  await ended;
  await sleep(50);
}
