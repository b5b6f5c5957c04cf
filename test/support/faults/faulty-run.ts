import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { scratchDirectory } from "../scratch.ts";

/** Calls that change what is on a disk; node wakes its threads by write(2), too. */
export const CHANGES =
  "write,writev,pwrite64,pwritev,ftruncate,fallocate,rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,mkdir,mkdirat,rmdir,fsync,fdatasync";
/** Those of them that are of files alone, and can fail without taking Node with them. */
const FAILING = "ftruncate,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,fsync,fdatasync";

/** Only the calls that are traced stop; injected signals are lost with it. */
const QUICK = "--seccomp-bpf";

export interface FaultyCommand {
  readonly command: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The nth of a thread's calls of that name, from 1: so strace counts. */
export interface Call {
  readonly name: string;
  readonly nth: number;
}

/** SIGKILL right before a call, or an error in its place. */
export type Fault =
  | { readonly kind: "none" }
  | { readonly kind: "kill"; readonly at: Call }
  | { readonly kind: "error"; readonly errno: "ENOSPC" | "EIO"; readonly at: Call };

/** Runs a command to its end under strace, with a fault somewhere in it. All of Node's work with files is done by one thread, so that counts are the same each time. */
export async function runWithFault(subject: FaultyCommand, fault: Fault): Promise<Ended> {
  if (fault.kind === "none") return await underStrace(subject, ["-o", "/dev/null", "-e", "trace=none", QUICK]);
  const { name, nth } = fault.at;
  const inject = fault.kind === "kill" ? [`inject=${name}:signal=KILL:when=${nth}`] : [`inject=${name}:error=${fault.errno}:when=${nth}`, QUICK];
  return await underStrace(subject, ["-o", "/dev/null", "-e", `trace=${CHANGES}`, "-e", ...inject]);
}

/** The calls it makes, by what strace can name, in order. */
export async function callsOf(subject: FaultyCommand, kind: "kill" | "error"): Promise<readonly Call[]> {
  const file = join(await scratchDirectory(), "calls");
  const { exitCode, stderr } = await underStrace(subject, ["-o", file, "-e", `trace=${kind === "kill" ? CHANGES : FAILING}`, QUICK]);
  if (exitCode !== 0) throw new Error(`it ended with ${exitCode} by itself: ${stderr}`);
  const counts = new Map<string, number>();
  const calls = new Map<string, Call>();
  for (const [, thread = "", name = ""] of (await readFile(file, "latin1")).matchAll(/^(\d+) +([a-z0-9]+)\(/gm)) {
    const nth = (counts.get(`${thread} ${name}`) ?? 0) + 1;
    counts.set(`${thread} ${name}`, nth);
    if (!calls.has(`${name} ${nth}`)) calls.set(`${name} ${nth}`, { name, nth });
  }
  return [...calls.values()];
}

interface Ended {
  readonly exitCode: number | null;
  readonly isKilled: boolean;
  readonly stderr: string;
}

async function underStrace({ command, cwd, env = {} }: FaultyCommand, args: readonly string[]): Promise<Ended> {
  const child = spawn("strace", ["-f", "-qq", ...args, ...command], {
    cwd,
    env: environmentOf(env),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  const [exitCode, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { exitCode, isKilled: signal === "SIGKILL", stderr };
}

/** All of Node's work with files is done by one thread. */
export const environmentOf = (env: Readonly<Record<string, string>>): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: "/root",
  RBUILD_CONFIG_HOME: "/nonexistent",
  UV_THREADPOOL_SIZE: "1",
  NODE_DISABLE_COMPILE_CACHE: "1",
  ...env,
});

/** The calls at which a sweep has its faults: all of them with RBUILD_TEST_FULL, else a few, spread evenly. */
export function someOf(calls: readonly Call[], few: number): readonly Call[] {
  if (process.env["RBUILD_TEST_FULL"] === "1" || calls.length <= few) return calls;
  return Array.from({ length: few }, (_, index) => calls[Math.floor((calls.length * (index + 1)) / (few + 1))]!);
}
