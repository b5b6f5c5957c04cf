import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { CHANGES, environmentOf, type FaultyCommand } from "./faulty-run.ts";

/** Opening makes and empties files. */
const STOPS = `${CHANGES},open,openat,copy_file_range,sendfile`;

export interface States {
  /** After which it was stopped. */
  readonly calls: number;
  /** Copies of the directory, one for each content it had, in order; the first is from before the first call. */
  readonly copies: readonly string[];
}

/**
 * Runs a command once and stops all of it after each call that changes what is on a disk. What its directory has then is what SIGKILL before
 * the next call leaves: the kernel has it all, and only locks and open files end with a process. Copies go to `into`.
 */
export async function statesOf({ command, cwd, env = {} }: FaultyCommand, directory: string, into: string): Promise<States> {
  mkdirSync(into);
  const copies: string[] = [];
  let [calls, last] = [0, ""];
  const look = () => {
    const seen = signature(directory);
    if (seen === last) return;
    last = seen;
    const copy = join(into, `${copies.length}`);
    restoreState(directory, copy);
    copies.push(copy);
  };
  look();
  const strace = ["-f", "-qq", "-o", "|exec cat >&3", "-e", `trace=${STOPS}`, "-e", `inject=${STOPS}:signal=STOP`];
  const child = spawn("strace", [...strace, ...command], { cwd, env: environmentOf(env), stdio: ["ignore", "ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  const ended = once(child, "close");
  const signalled = new Set<string>();
  for await (const line of createInterface({ input: child.stdio[3] as Readable })) {
    const [, thread = "", what = ""] = /^(\d+) +--- (SIGSTOP|stopped)/.exec(line) ?? [];
    if (what === "SIGSTOP") signalled.add(thread);
    if (what !== "stopped" || !signalled.delete(thread)) continue;
    calls++;
    look();
    process.kill(Number(thread), "SIGCONT");
  }
  const [exitCode] = (await ended) as [number | null];
  if (exitCode !== 0) throw new Error(`it ended with ${exitCode} by itself: ${stderr}`);
  return { calls, copies };
}

/** Makes a directory what another one is. */
export function restoreState(from: string, directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  if (spawnSync("cp", ["-a", from, directory]).status !== 0) throw new Error(`${from} is not copied`);
}

/** What tells whether anything below a directory has changed. */
function signature(directory: string): string {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).toSorted();
  return names
    .map((name) => {
      const { ino, size, mode, mtimeNs } = lstatSync(join(directory, name), { bigint: true });
      return `${name} ${ino} ${size} ${mode} ${mtimeNs}`;
    })
    .join("\n");
}
