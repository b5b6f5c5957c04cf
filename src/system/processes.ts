import { type ChildProcess, spawn } from "node:child_process";
import type { Options } from "execa";
import { isSystemError, RbuildError } from "./errors.ts";
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

/** For those who use execa, which takes longer to load than most tools to run: nothing is inherited, an abort kills. */
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

/** Between SIGTERM and SIGKILL when a tool is to end. Milliseconds. */
const KILL_DELAY = 5000;
const MAX_OUTPUT = 16 * 1024 * 1024;

/**
 * Runs a tool to its end and keeps what it printed.
 * @throws RbuildError `tool.missing`, `tool.failed` (with its last lines of stderr), or the signal's reason
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    env: options.env ?? toolEnvironment(),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  using _kill = killOnAbort(child, options.signal);
  const output = collectOutput(child, options.maxOutput ?? MAX_OUTPUT);
  // a tool that ends early is reported by its exit code
  child.stdin?.on("error", () => undefined).end(options.input);
  const failure = await new Promise<Error | undefined>((resolve) => {
    child.once("error", resolve);
    child.once("close", () => resolve(undefined));
  });
  options.signal?.throwIfAborted();
  if (isSystemError(failure, "ENOENT")) throw missingTool(command, failure);
  const result = { exitCode: child.exitCode ?? undefined, signal: child.signalCode ?? undefined, ...output.text() };
  if (failure) throw toolFailure(command, args, { ...result, exitCode: undefined, shortMessage: failure.message });
  if (output.isTooLong()) throw toolFailure(command, args, { exitCode: undefined, stderr: result.stderr, shortMessage: "it printed more than is kept" });
  if (result.exitCode === undefined || !(options.okCodes ?? [0]).includes(result.exitCode)) throw toolFailure(command, args, result);
  return { exitCode: result.exitCode, stdout: result.stdout, stderr: result.stderr };
}

function killOnAbort(child: ChildProcess, signal: AbortSignal | undefined): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const abort = () => {
    child.kill("SIGTERM");
    timer = setTimeout(() => child.kill("SIGKILL"), KILL_DELAY).unref();
  };
  signal?.addEventListener("abort", abort, { once: true });
  return {
    [Symbol.dispose]() {
      signal?.removeEventListener("abort", abort);
      clearTimeout(timer);
    },
  };
}

/** What a tool prints, up to a limit for each stream; beyond it the tool is ended. */
function collectOutput(child: ChildProcess, limit: number) {
  const streams = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let isTooLong = false;
  for (const name of ["stdout", "stderr"] as const) {
    let size = 0;
    child[name]?.on("data", (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size <= limit) streams[name].push(chunk);
      else if (!isTooLong) {
        isTooLong = true;
        child.kill("SIGKILL");
      }
    });
  }
  return {
    isTooLong: () => isTooLong,
    text: () => ({ stdout: Buffer.concat(streams.stdout).toString("utf8"), stderr: Buffer.concat(streams.stderr).toString("utf8") }),
  };
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
