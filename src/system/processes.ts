import { execa, type Options } from "execa";
import { RbuildError } from "./errors.ts";
import { redact } from "./redaction.ts";

export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment of the process; default PATH, HOME and LC_ALL=C.UTF-8 alone, so that no tool's output depends on the user's locale. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Bytes of stdout and stderr kept each; more is an error. Default 16 MiB. */
  readonly maxOutput?: number;
  /** Exit codes that are no error. Default `[0]`. */
  readonly okCodes?: readonly number[];
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The environment tools run in unless they are given another. */
export function toolEnvironment(): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: process.env["HOME"] ?? "/root",
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
  };
}

/** execa's options that every tool is started with: nothing is inherited, an abort kills. */
export function toolOptions(options: Pick<RunOptions, "cwd" | "env" | "signal">) {
  return {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    env: options.env ?? toolEnvironment(),
    extendEnv: false,
    preferLocal: false,
    forceKillAfterDelay: 5000,
  } satisfies Options;
}

/**
 * Runs a tool to its end and keeps what it printed.
 * @throws RbuildError `tool.missing`, `tool.failed` (with its last lines of stderr), or the signal's reason
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await execa(command, args, {
    ...toolOptions(options),
    ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
    maxBuffer: options.maxOutput ?? 16 * 1024 * 1024,
    stripFinalNewline: false,
    reject: false,
  });
  options.signal?.throwIfAborted();
  const exitCode = result.exitCode ?? -1;
  if (result.code === "ENOENT") throw missingTool(command, result);
  if (result.exitCode === undefined || result.isMaxBuffer || !(options.okCodes ?? [0]).includes(exitCode)) throw toolFailure(command, args, result);
  return { exitCode, stdout: result.stdout, stderr: result.stderr };
}

export function missingTool(command: string, cause?: unknown): RbuildError {
  return new RbuildError("tool.missing", `the program ${command} is not installed or not in PATH`, {
    category: "unavailable",
    hint: "rbuild doctor",
    cause,
    details: { command },
  });
}

/** The coded error of a tool that ended badly. */
export function toolFailure(
  command: string,
  args: readonly string[],
  result: {
    readonly exitCode?: number | undefined;
    readonly signal?: string | undefined;
    readonly stderr?: unknown;
    readonly shortMessage?: string | undefined;
  },
): RbuildError {
  const stderr = typeof result.stderr === "string" ? result.stderr.trim().split("\n").slice(-8).join("\n") : "";
  const how = result.signal
    ? `was ended by ${result.signal}`
    : result.exitCode === undefined
      ? `did not run (${result.shortMessage ?? "unknown reason"})`
      : `exited with ${result.exitCode}`;
  return new RbuildError("tool.failed", redact(`${command} ${how}${stderr ? `: ${stderr}` : ""}`), {
    details: { command, args: args.map(redact), exitCode: result.exitCode },
  });
}
