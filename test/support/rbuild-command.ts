import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The launcher of this checkout. */
export const RBUILD = fileURLToPath(new URL("../../bin/rbuild", import.meta.url));

export interface CommandRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Words before the launcher, such as `unshare -m`. */
  readonly prefix?: readonly string[];
  /** Default: that of this checkout. */
  readonly launcher?: string;
}

/** Runs `rbuild` as a person would, without that person's settings, and keeps what it prints. */
export function rbuild(args: readonly string[], options: CommandOptions = {}): Promise<CommandRun> {
  const [command = "", ...rest] = [...(options.prefix ?? []), options.launcher ?? RBUILD, ...args];
  const env = { PATH: process.env["PATH"] ?? "", HOME: "/root", RBUILD_CONFIG_HOME: "/nonexistent", ...options.env };
  const child = spawn(command, rest, { cwd: options.cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(options.input ?? "");
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, ...output }));
  });
}

/** The lines of `--json`. */
export function jsonLines(stdout: string): readonly Readonly<Record<string, unknown>>[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}
