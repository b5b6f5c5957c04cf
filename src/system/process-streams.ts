import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { isSystemError } from "./errors.ts";
import { missingTool, type RunOptions, toolEnvironment, toolFailure } from "./processes.ts";

const MAX_STDERR = 64 * 1024;

export type StreamOptions = Pick<RunOptions, "cwd" | "env" | "signal" | "okCodes">;

/**
 * Runs a tool to its end with a stream as its input. The tool is killed when the stream fails, and the stream's error is thrown.
 * @param options.stdout an open file that the tool writes to, where its offset is
 * @throws RbuildError `tool.missing`, `tool.failed`, or the signal's reason
 */
export async function feedTool(
  command: string,
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
  options: StreamOptions & { readonly stdout?: number } = {},
): Promise<void> {
  const tool = start(command, args, "pipe", options.stdout ?? "ignore", options);
  try {
    await feed(tool, input);
    await tool.finish();
  } finally {
    await tool.kill();
  }
}

/** What a tool prints, as it prints it; ends in an error when the tool ends badly. Leaving early kills it. @throws as `feedTool` */
export async function* readTool(command: string, args: readonly string[], options: StreamOptions = {}): AsyncGenerator<Buffer, void, undefined> {
  const tool = start(command, args, "ignore", "pipe", options);
  try {
    if (tool.child.stdout) yield* tool.child.stdout as AsyncIterable<Buffer>;
    await tool.finish();
  } finally {
    await tool.kill();
  }
}

/** Passes a stream through a tool, such as a decompressor. @throws as `feedTool`, and whatever the input throws */
export async function* pipeTool(
  command: string,
  args: readonly string[],
  input: AsyncIterable<Uint8Array>,
  options: StreamOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  const tool = start(command, args, "pipe", "pipe", options);
  const feeding = feed(tool, input);
  feeding.catch(() => void tool.kill());
  try {
    if (tool.child.stdout) yield* tool.child.stdout as AsyncIterable<Buffer>;
    await feeding;
    await tool.finish();
  } finally {
    await tool.kill();
    await feeding.catch(() => undefined);
  }
}

/** Ends with the input or with the tool, whichever ends first: an input that has nothing to give just now is not waited for in vain. */
async function feed(tool: Tool, input: AsyncIterable<Uint8Array>): Promise<void> {
  const { stdin } = tool.child;
  // A tool that ends early is reported by its exit code.
  stdin?.on("error", () => undefined);
  const chunks = input[Symbol.asyncIterator]();
  let stop: () => void = () => undefined;
  void tool.ended.then(() => stop());
  const unlessOver = <T>(coming: Promise<T>) =>
    new Promise<T | undefined>((resolve, reject) => {
      stop = () => resolve(undefined);
      coming.then(resolve, reject);
      if (tool.hasEnded()) stop();
    });
  for (let next = await unlessOver(chunks.next()); next?.done !== true; next = await unlessOver(chunks.next())) {
    if (next === undefined) return void chunks.return?.().catch(() => undefined);
    if (stdin && !stdin.write(next.value)) await unlessOver(once(stdin, "drain").catch(() => undefined));
  }
  stdin?.end();
}

interface Tool {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  /** Waits for the end and throws when it was a bad one. */
  finish(): Promise<void>;
  /** Ends it if it still runs. */
  kill(): Promise<void>;
}

function start(command: string, args: readonly string[], stdin: "pipe" | "ignore", stdout: "pipe" | "ignore" | number, options: StreamOptions): Tool {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    stdio: [stdin, stdout, "pipe"],
    env: options.env ?? toolEnvironment(),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR);
  });
  let failure: Error | undefined;
  let isOver = false;
  const ended = new Promise<void>((resolve) => {
    const over = () => {
      isOver = true;
      resolve();
    };
    child.once("error", (error) => {
      failure = error;
      over();
    });
    child.once("close", over);
  });
  const abort = () => void child.kill("SIGKILL");
  options.signal?.addEventListener("abort", abort, { once: true });
  void ended.then(() => options.signal?.removeEventListener("abort", abort));
  return {
    child,
    ended,
    hasEnded: () => isOver,
    async finish() {
      await ended;
      options.signal?.throwIfAborted();
      if (isSystemError(failure, "ENOENT")) throw missingTool(command, failure);
      if (failure) throw failure;
      if (child.exitCode === null || !(options.okCodes ?? [0]).includes(child.exitCode)) {
        throw toolFailure(command, args, { exitCode: child.exitCode ?? undefined, signal: child.signalCode ?? undefined, stderr });
      }
    },
    async kill() {
      if (!isOver) child.kill("SIGKILL");
      await ended;
    },
  };
}
